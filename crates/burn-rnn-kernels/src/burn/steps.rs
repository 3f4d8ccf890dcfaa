//! A sequence as its steps.

use burn::tensor::Tensor;

/// The steps `[batch, features]` of a sequence `[batch, time, features]`, in any float type.
///
/// On Flex and NdArray their gradients are joined in one tensor, so the backward pass takes time linear in the number of steps; elsewhere
/// time · log(time). A step's numbers are copied out when it is asked for, not all at once: what has just been read and is given back soon is
/// in the processor's cache.
pub fn time_steps(sequence: Tensor<3>) -> impl DoubleEndedIterator<Item = Tensor<2>> {
    let lengths = vec![1; sequence.dims()[1]];
    let steps = time_parts(sequence, lengths).into_iter();
    steps.map(|step| step.squeeze_dim(1))
}

/// Parts `[batch, length, features]` of a sequence `[batch, time, features]`, one after another; their gradients are joined as those of
/// [`time_steps`].
///
/// # Panics
///
/// Where the lengths do not add up to the time.
pub fn time_parts(sequence: Tensor<3>, lengths: Vec<usize>) -> Vec<Tensor<3>> {
    let time = sequence.dims()[1];
    assert!(
        lengths.iter().sum::<usize>() == time,
        "parts of {lengths:?} steps do not make a sequence of {time}"
    );
    #[cfg(any(feature = "flex", feature = "ndarray"))]
    {
        use super::dispatched::cpu_kind;
        use super::unbind::Unbind;

        let sequence = sequence.clone().into_dispatch();
        if cpu_kind(&sequence).is_some() {
            let parts = burn::backend::Dispatch::unbind(sequence, lengths).into_iter();
            return parts.map(Tensor::from_dispatch).collect();
        }
    }
    halves(sequence, &lengths)
}

/// Halves the sequence again and again instead of slicing out each part: the gradient of a slice
/// is a tensor of its parent's size, so slicing one by one costs time² in the backward pass and
/// halving costs time · log(time).
fn halves(sequence: Tensor<3>, lengths: &[usize]) -> Vec<Tensor<3>> {
    let mut parts = Vec::with_capacity(lengths.len());
    let mut left = vec![(sequence, lengths)];
    while let Some((part, lengths)) = left.pop() {
        if lengths.len() <= 1 {
            parts.push(part);
            continue;
        }
        let (first, second) = lengths.split_at(lengths.len() / 2);
        let [first_time, second_time] = [first, second].map(|part| part.iter().sum());
        left.push((part.clone().narrow(1, first_time, second_time), second));
        left.push((part.narrow(1, 0, first_time), first));
    }
    parts
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, TensorData};

    use super::*;

    fn sequence(device: &Device) -> Tensor<3> {
        let floats: Vec<f32> = (0..2 * 7 * 3).map(|i| i as f32).collect();
        Tensor::from_data(TensorData::new(floats, [2, 7, 3]), device)
    }

    fn floats<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
        tensor.into_data().try_into_vec().unwrap()
    }

    /// Both ways of taking apart: what is in each part, and the gradient of a loss that reads some of the parts, one of them twice.
    #[test]
    fn parts_are_slices_and_their_gradients_come_back_where_they_belong() {
        let device = Device::default().autodiff();
        let lengths = vec![2, 1, 3, 1];
        for take in [
            |sequence, lengths: &[usize]| time_parts(sequence, lengths.to_vec()),
            |sequence, lengths: &[usize]| halves(sequence, lengths),
        ] {
            let whole = sequence(&device).require_grad();
            let parts = take(whole.clone(), &lengths);
            let mut start = 0;
            for (part, &length) in parts.iter().zip(&lengths) {
                let expected = sequence(&device).narrow(1, start, length);
                assert_eq!(floats(part.clone()), floats(expected));
                start += length;
            }
            assert_eq!(start, 7);
            let loss =
                (parts[1].clone().sum() * 5.0).add((parts[2].clone() * parts[2].clone()).sum());
            let gradients = loss.backward();
            let d = floats(whole.grad(&gradients).unwrap());
            for (index, d) in d.iter().enumerate() {
                let expected = match index / 3 % 7 {
                    2 => 5.0,
                    3..6 => 2.0 * index as f32,
                    _ => 0.0,
                };
                assert_eq!(*d, expected, "number {index}");
            }
        }
    }

    #[test]
    #[should_panic(expected = "parts of [2, 2] steps do not make a sequence of 7")]
    fn parts_that_are_no_whole_are_refused() {
        time_parts(sequence(&Device::default()), vec![2, 2]);
    }
}
