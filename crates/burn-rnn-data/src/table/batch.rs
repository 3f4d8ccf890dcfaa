//! Windows of a table as tensors.

use burn::data::dataloader::batcher::Batcher;
use burn::tensor::{Device, Tensor, TensorData};

use super::TableWindow;

/// Windows of equal shapes, stacked.
#[derive(Debug, Clone)]
pub struct TableBatch {
    /// The known rows, `[batch, window, series]`.
    pub input: Tensor<3>,
    /// The rows to forecast, `[batch, horizon, series]`.
    pub target: Tensor<3>,
    /// The time features of the known rows, `[batch, window, features]`, where there are any.
    pub input_times: Option<Tensor<3>>,
}

/// Makes a [`TableBatch`] of windows.
#[derive(Debug, Clone, Copy, Default)]
pub struct TableBatcher;

impl Batcher<TableWindow, TableBatch> for TableBatcher {
    fn batch(&self, windows: Vec<TableWindow>, device: &Device) -> TableBatch {
        let (series, features) = windows.first().map_or((1, 0), |window| {
            (window.table().series(), window.table().time_features())
        });
        let stack = |of: fn(&TableWindow) -> &[f32], width: usize| -> Tensor<3> {
            let values: Vec<f32> = windows.iter().flat_map(of).copied().collect();
            let rows = values.len() / (windows.len() * width).max(1);
            let data = TensorData::new(values, [windows.len(), rows, width]);
            Tensor::from_data(data, device)
        };
        TableBatch {
            input: stack(TableWindow::input, series),
            target: stack(TableWindow::target, series),
            input_times: (features > 0).then(|| stack(TableWindow::input_times, features)),
        }
    }
}
