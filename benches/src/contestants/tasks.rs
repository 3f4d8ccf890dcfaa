//! What Burn's contestants do in every mode, ours and burn-nn's alike.

use std::hint::black_box;

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::{Device, Distribution, Tensor};

use burn_rnn::{Cell, Stream};

use super::Task;
use crate::case::{Mode, Shape};

/// The device of a mode: gradients are recorded in training alone.
pub fn device(mode: Mode) -> Device {
    match mode {
        Mode::Train | Mode::TrainLengths | Mode::Memory => Device::flex().autodiff(),
        Mode::Infer | Mode::Step | Mode::Sessions => Device::flex(),
    }
}

/// A forward pass over a sequence, and in training the gradients of all parameters of its sum. The
/// input is made here, outside of what is timed, and not tracked: as in PyTorch by default.
pub fn sequence<M: Module + 'static>(
    module: M,
    forward: impl Fn(&M, Tensor<3>) -> Tensor<3> + 'static,
    mode: Mode,
    shape: Shape,
) -> Task {
    let device = device(mode);
    let sizes = [shape.batch, shape.time, shape.input];
    let input = Tensor::<3>::random(sizes, Distribution::Default, &device);
    let mut parameters = Count(0);
    module.visit(&mut parameters);
    Box::new(move || {
        let output = forward(&module, input.clone());
        let expected = [shape.batch, shape.time, shape.hidden];
        assert_eq!(output.dims(), expected, "the shape of the output");
        if mode == Mode::Infer {
            black_box(output);
            return;
        }
        let gradients = GradientsParams::from_grads(output.sum().backward(), &module);
        assert_eq!(gradients.len(), parameters.0, "gradients of all parameters");
        black_box(gradients);
    })
}

/// One step of a stream at batch 1, the state carried from run to run.
pub fn stream<M: 'static, S: 'static>(
    mut module: M,
    step: impl Fn(&mut M, Tensor<2>, Option<S>) -> (Tensor<2>, S) + 'static,
    shape: Shape,
) -> Task {
    let device = device(Mode::Step);
    let x_t = Tensor::<2>::random([1, shape.input], Distribution::Default, &device);
    let mut state = None;
    Box::new(move || {
        let (output, next) = step(&mut module, x_t.clone(), state.take());
        assert_eq!(output.dims(), [1, shape.hidden], "the shape of the output");
        black_box(output);
        state = Some(next);
    })
}

/// One step of all sessions, on plain floats, whichever streams they are in.
pub fn sessions<C: Cell + 'static>(mut streams: Vec<Stream<C>>, shape: Shape) -> Task {
    let x_t: Vec<f32> = (0..shape.batch * shape.input)
        .map(|index| (index % 17) as f32 / 17.0)
        .collect();
    let of_each = x_t.len() / streams.len();
    Box::new(move || {
        for (stream, x_t) in streams.iter_mut().zip(x_t.chunks(of_each)) {
            let output = black_box(stream.step_floats(x_t));
            assert_eq!(output.len(), stream.batch() * shape.hidden, "the outputs");
        }
    })
}

struct Count(usize);

impl ModuleVisitor for Count {
    fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<D>>) {
        // Burn draws a parameter when it is first read: that is no part of a run.
        black_box(parameter.val());
        self.0 += 1;
    }
}
