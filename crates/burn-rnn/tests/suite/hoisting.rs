//! A cell of one's own that does its input side for many steps at once gives what its steps give.

use burn::module::{Module, Param};
use burn::tensor::{DType, Device, Tensor};
use burn_rnn::{Cell, HiddenState, Layer, Scan, scan_hoisted, scan_steps};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::backends;
use crate::compare::assert_close;
use crate::fused::draw;

/// `h_t = tanh(W x_t + U h_{t-1})`, with the input side of many steps at once or not.
#[derive(Module, Debug)]
struct PlainCell {
    w: Param<Tensor<2>>,
    u: Param<Tensor<2>>,
    #[module(skip)]
    hoists: bool,
}

impl PlainCell {
    fn after_input(&self, side: Tensor<2>, state: HiddenState) -> HiddenState {
        HiddenState::new((side + state.hidden.matmul(self.u.val())).tanh())
    }
}

impl Cell for PlainCell {
    type State = HiddenState;

    fn d_input(&self) -> usize {
        self.w.dims()[0]
    }

    fn d_hidden(&self) -> usize {
        self.u.dims()[0]
    }

    fn zero_state(&self, batch: usize) -> HiddenState {
        let u = self.u.val();
        HiddenState::zeros(batch, self.d_hidden(), (&u.device(), u.dtype()))
    }

    fn step(&self, x_t: Tensor<2>, state: HiddenState) -> HiddenState {
        self.after_input(x_t.matmul(self.w.val()), state)
    }

    fn scan(&self, input: Tensor<3>, state: HiddenState) -> (Tensor<3>, HiddenState) {
        if !self.hoists {
            return scan_steps(input, state, |x_t, state| self.step(x_t, state));
        }
        let sides = |piece: Tensor<3>| piece.matmul(self.w.val().unsqueeze());
        scan_hoisted(input, state, sides, |side, state| {
            self.after_input(side, state)
        })
    }
}

/// Output, final state and the gradients of the input and both parameters; the loss leaves the steps `unread` out.
fn run(hoists: bool, sizes: [usize; 4], dtype: DType, device: &Device) -> Vec<Tensor<3>> {
    let [batch, time, d_input, d_hidden] = sizes;
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut drawn = |shape: [usize; 2]| {
        let tensor: Tensor<2> = draw(&mut rng, shape, 0.3, device);
        tensor.cast(dtype).detach().require_grad()
    };
    let x = drawn([batch * time, d_input]);
    let (w, u) = (drawn([d_input, d_hidden]), drawn([d_hidden, d_hidden]));
    let layer = Scan::new(PlainCell {
        w: Param::from_tensor(w.clone()),
        u: Param::from_tensor(u.clone()),
        hoists,
    });
    let (output, state) = layer.forward(x.clone().reshape([batch, time, d_input]), None);
    let read = output.clone().narrow(1, 0, time.div_ceil(2));
    let gradients = (read.square().sum() + state.hidden.clone().sum()).backward();
    let mut results = vec![output.inner(), state.hidden.inner().unsqueeze()];
    for tensor in [x, w, u] {
        results.push(tensor.grad(&gradients).expect("a gradient").unsqueeze());
    }
    results
}

#[test]
fn what_is_hoisted_gives_what_steps_give_and_so_do_its_gradients() {
    backends::each(|backend| {
        let device = backend.device.clone().autodiff();
        let mut types = vec![DType::F32];
        if backend.is_fused {
            types.push(DType::F64);
        }
        // One step, two, and several pieces of 8 steps each.
        for sizes in [[2, 1, 3, 4], [3, 2, 1, 5], [128, 29, 4, 128]] {
            for &dtype in &types {
                let (given, expected) = (
                    run(true, sizes, dtype, &device),
                    run(false, sizes, dtype, &device),
                );
                for (place, (given, expected)) in given.into_iter().zip(expected).enumerate() {
                    assert_eq!(given.dtype(), dtype);
                    let what = format!("result {place} of {sizes:?} in {dtype:?}");
                    let [given, expected] = [given, expected].map(|t| t.cast(DType::F32));
                    assert_close(&what, &given, &expected, backend.tolerance);
                }
            }
        }
    });
}

#[test]
#[should_panic(
    expected = "shape [2, 1, 3] has shape [1, 1, 3], expected [batch = 2, time = 1, features]"
)]
fn a_piece_of_other_steps_is_refused_with_both_shapes() {
    let input = Tensor::<3>::zeros([2, 4, 3], &Device::default());
    let state = HiddenState::zeros(2, 3, &Device::default());
    scan_hoisted(
        input,
        state,
        |piece| piece.narrow(0, 0, 1),
        |_, state| state,
    );
}
