//! Gradients as of all ranks' batches together.

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::{Tensor, TensorData};

use crate::{Communicator, LostRank};

/// The gradients of the mean over the targets of all ranks, from those of the mean over each rank's `weight` targets:
/// what one process would find for all batches together. Where no rank has a target, zeros.
///
/// To be called by all ranks, with modules of the same parameters; a rank without a batch gives
/// [`GradientsParams::new`] and 0. All have the same bits after it.
///
/// # Errors
///
/// Where a rank is lost.
pub fn average<M: Module>(
    gradients: GradientsParams,
    module: &M,
    weight: f64,
    ranks: &dyn Communicator,
) -> Result<GradientsParams, LostRank> {
    if ranks.size() == 1 {
        return Ok(gradients);
    }
    let mut weights = [weight];
    let weighted = scaled(gradients, module, weight);
    let sum = sum(weighted, module, &mut weights, ranks)?;
    Ok(scaled(sum, module, 1.0 / weights[0].max(f64::MIN_POSITIVE)))
}

/// The sums over the ranks of the gradients of `module`, and of `figures`, as many on every rank, which go along. A
/// parameter without a gradient counts as zero on this rank, and has none where no rank has one.
///
/// # Errors
///
/// Where a rank is lost.
pub fn sum<M: Module>(
    gradients: GradientsParams,
    module: &M,
    figures: &mut [f64],
    ranks: &dyn Communicator,
) -> Result<GradientsParams, LostRank> {
    if ranks.size() == 1 {
        return Ok(gradients);
    }
    let mut present = Present {
        gradients: &gradients,
        counts: figures.to_vec(),
    };
    module.visit(&mut present);
    let mut counts = present.counts;
    ranks.sum_f64(&mut counts)?;
    let (sums, counts) = counts.split_at(figures.len());
    figures.copy_from_slice(sums);

    let mut packed = Packed {
        gradients,
        counts: counts.iter(),
        values: Vec::new(),
    };
    module.visit(&mut packed);
    let mut values = packed.values;
    ranks.sum(&mut values)?;
    let mut unpacked = Unpacked {
        gradients: GradientsParams::new(),
        counts: counts.iter(),
        values: &values,
    };
    module.visit(&mut unpacked);
    Ok(unpacked.gradients)
}

/// All gradients of `module` times `factor`.
fn scaled<M: Module>(gradients: GradientsParams, module: &M, factor: f64) -> GradientsParams {
    let mut scaled = Scaled { gradients, factor };
    module.visit(&mut scaled);
    scaled.gradients
}

struct Scaled {
    gradients: GradientsParams,
    factor: f64,
}

impl ModuleVisitor for Scaled {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = self.gradients.remove::<D>(param.id) {
            self.gradients.register(param.id, gradient * self.factor);
        }
    }
}

/// For each parameter 1 where it has a gradient, 0 where it has none.
struct Present<'a> {
    gradients: &'a GradientsParams,
    counts: Vec<f64>,
}

impl ModuleVisitor for Present<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let present = self.gradients.get::<D>(param.id).is_some();
        self.counts.push(f64::from(u8::from(present)));
    }
}

/// The gradients that some rank has, one after another, in the order of the module.
struct Packed<'a> {
    gradients: GradientsParams,
    counts: core::slice::Iter<'a, f64>,
    values: Vec<f32>,
}

impl ModuleVisitor for Packed<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if self.counts.next().is_none_or(|count| *count == 0.0) {
            return;
        }
        match self.gradients.remove::<D>(param.id) {
            Some(gradient) => {
                let data = gradient.into_data().convert::<f32>();
                let values = data.as_slice::<f32>();
                self.values.extend_from_slice(values.expect("it is of f32"));
            }
            None => {
                let length = self.values.len() + param.shape().num_elements();
                self.values.resize(length, 0.0);
            }
        }
    }
}

/// And back.
struct Unpacked<'a> {
    gradients: GradientsParams,
    counts: core::slice::Iter<'a, f64>,
    values: &'a [f32],
}

impl ModuleVisitor for Unpacked<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if self.counts.next().is_none_or(|count| *count == 0.0) {
            return;
        }
        let value = param.val();
        let shape = value.shape();
        let (mine, rest) = self.values.split_at(shape.num_elements());
        self.values = rest;
        let data = TensorData::new(mine.to_vec(), shape);
        let gradient = Tensor::<D>::from_data(data, &value.device().inner());
        self.gradients
            .register(param.id, gradient.cast(value.dtype()));
    }
}

#[cfg(test)]
mod tests {
    use burn::nn::{Linear, LinearConfig};
    use burn::tensor::Device;

    use super::*;
    use crate::Threads;

    /// The gradients of the weight and, where it has one, of the bias.
    fn values(gradients: &GradientsParams, linear: &Linear) -> [Option<Vec<f32>>; 2] {
        let weight = gradients.get::<2>(linear.weight.id);
        let bias = gradients.get::<1>(linear.bias.as_ref().unwrap().id);
        let weight = weight.map(|weight| weight.into_data());
        let bias = bias.map(|bias| bias.into_data());
        [weight, bias].map(|data| data.map(|data| data.try_into_vec().unwrap()))
    }

    fn loss(linear: &Linear, rows: &[f32]) -> GradientsParams {
        let device = linear.weight.device();
        let data = TensorData::new(rows.to_vec(), [rows.len(), 1]);
        let output = linear.forward(Tensor::<2>::from_data(data, &device));
        let loss = output.square().mean();
        GradientsParams::from_grads(loss.backward(), linear)
    }

    #[test]
    fn ranks_of_unequal_batches_find_what_one_process_finds() {
        let device = Device::default().autodiff();
        let linear = LinearConfig::new(1, 2).init(&device);
        let rows = [0.5, -1.0, 2.0, 3.0, -0.25];
        let expected = values(&loss(&linear, &rows), &linear);
        // The third has no batch.
        let parts: [&[f32]; 3] = [&rows[..4], &rows[4..], &[]];
        let threads: Vec<_> = Threads::new(3)
            .into_iter()
            .zip(parts.map(<[f32]>::to_vec))
            .map(|(ranks, rows)| {
                let linear = linear.clone();
                std::thread::spawn(move || {
                    let gradients = match rows.len() {
                        0 => GradientsParams::new(),
                        _ => loss(&linear, &rows),
                    };
                    let mean = average(gradients, &linear, rows.len() as f64, &ranks);
                    values(&mean.unwrap(), &linear)
                })
            })
            .collect();
        let found: Vec<_> = threads.into_iter().map(|t| t.join().unwrap()).collect();
        assert!(found.iter().all(|other| *other == found[0]), "{found:?}");
        assert!(found[0].iter().all(Option::is_some));
        for (found, expected) in found[0].iter().flatten().zip(expected.iter().flatten()) {
            for (found, expected) in found.iter().zip(expected) {
                assert!((found - expected).abs() < 1e-6, "{found} {expected}");
            }
        }
    }

    #[test]
    fn a_parameter_that_no_rank_has_a_gradient_of_has_none() {
        let device = Device::default().autodiff();
        let linear = LinearConfig::new(1, 2).init(&device);
        let threads: Vec<_> = Threads::new(2)
            .into_iter()
            .map(|ranks| {
                let linear = linear.clone();
                std::thread::spawn(move || {
                    let mut gradients = GradientsParams::new();
                    if ranks.rank() == 1 {
                        let weight =
                            Tensor::<2>::full([1, 2], 0.5, &linear.weight.device().inner());
                        gradients.register(linear.weight.id, weight);
                    }
                    let mut figures = [1.0, ranks.rank() as f64];
                    let sum = sum(gradients, &linear, &mut figures, &ranks).unwrap();
                    (values(&sum, &linear), figures)
                })
            })
            .collect();
        for thread in threads {
            let found = thread.join().unwrap();
            assert_eq!(found, ([Some(vec![0.5, 0.5]), None], [2.0, 1.0]));
        }
    }
}
