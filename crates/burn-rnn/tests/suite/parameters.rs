//! All parameters of a module as one list of numbers, in the order of its fields.

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{DType, Gradients, Tensor, TensorData};

/// The number of parameters, their values, or their gradients.
pub fn read(module: &impl Module) -> Vec<f64> {
    let mut reader = Reader {
        values: Vec::new(),
        gradients: None,
    };
    module.visit(&mut reader);
    reader.values
}

/// The gradient of every parameter; panics where one has none.
pub fn gradients(module: &impl Module, gradients: &Gradients) -> Vec<f64> {
    let mut reader = Reader {
        values: Vec::new(),
        gradients: Some(gradients),
    };
    module.visit(&mut reader);
    reader.values
}

/// The module with its parameters set to `values`, as numbers of type `dtype`.
pub fn write<M: Module>(module: M, values: &[f64], dtype: DType) -> M {
    let mut writer = Writer { values, dtype };
    let module = module.map(&mut writer);
    assert!(writer.values.is_empty(), "more values than parameters");
    module
}

struct Reader<'a> {
    values: Vec<f64>,
    gradients: Option<&'a Gradients>,
}

impl ModuleVisitor for Reader<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let value = match self.gradients {
            Some(gradients) => param
                .val()
                .grad(gradients)
                .unwrap_or_else(|| panic!("no gradient for {param}")),
            None => param.val(),
        };
        let data = value.into_data_as::<f64>();
        self.values.extend(data.try_into_vec::<f64>().unwrap());
    }
}

struct Writer<'a> {
    values: &'a [f64],
    dtype: DType,
}

impl ModuleMapper for Writer<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let shape = param.val().dims();
        let (now, later) = self.values.split_at(shape.iter().product());
        self.values = later;
        let dtype = self.dtype;
        param.map(|old| {
            let data = TensorData::new(now.to_vec(), shape).convert_dtype(dtype);
            let device = old.device();
            let value = Tensor::from_data(data, (&device, dtype));
            if device.is_autodiff() {
                value.require_grad()
            } else {
                value
            }
        })
    }
}
