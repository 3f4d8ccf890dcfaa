//! Networks of `f32` on a device whose default float type is another one; in a program of its own, because the default is the process's.

use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::{DType, Device, FloatDType, Tensor};
use burn_rnn::{GruConfig, LstmConfig, State};

/// Makes parameters `f32`, as a file of `f32` would.
struct Float;

impl ModuleMapper for Float {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        param.map(|tensor| tensor.cast(DType::F32))
    }
}

#[test]
fn a_network_computes_in_the_type_of_its_parameters() {
    let mut device = Device::flex();
    device
        .configure(FloatDType::F64)
        .expect("nothing has used the default yet");
    let gru = GruConfig::new(2, 3).with_layers(2).init(&device);
    assert_eq!(
        gru.cells().next().unwrap().w_input.val().dtype(),
        DType::F64
    );
    runs(&gru.map(&mut Float), &device);
    let lstm = LstmConfig::new(2, 3).with_full_gate_recurrence(true);
    runs(&lstm.init(&device).map(&mut Float), &device);
}

fn runs<C: burn_rnn::Cell>(network: &burn_rnn::Recurrent<C>, device: &Device) {
    for is_reference in [false, true] {
        let run = || {
            let x_t = Tensor::<2>::ones([1, 2], (device, DType::F32));
            let (expected, _) = network.step(x_t.clone(), None);
            let mut stream = network.stream(1);
            let floats = stream.clone().step_floats(&[1.0, 1.0]).to_vec();
            let output = stream.step(x_t.clone());
            for output in [expected, output] {
                assert_eq!(output.dtype(), DType::F32);
                let given: Vec<f32> = output.into_data().try_into_vec().unwrap();
                for (given, floats) in given.iter().zip(&floats) {
                    assert!((given - floats).abs() < 1e-6, "{given}, {floats}");
                }
            }
            let state = stream.state().map(&mut |tensor| {
                assert_eq!(tensor.dtype(), DType::F32);
                tensor
            });
            stream.set_state(state.clone());
            let (next, _) = network.step(x_t.clone(), Some(state.clone()));
            let (output, _) = network.forward(x_t.unsqueeze_dim(1), Some(state));
            assert_eq!((next.dtype(), output.dtype()), (DType::F32, DType::F32));
        };
        if is_reference {
            burn_rnn::reference(run);
        } else {
            run();
        }
    }
}
