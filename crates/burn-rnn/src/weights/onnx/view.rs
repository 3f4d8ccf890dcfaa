//! A constant of a graph, as a view of the file's bytes: operators that only move axes move no numbers.

use core::ops::Range;
use std::borrow::Cow;
use std::rc::Rc;

use burn::tensor::{bf16, f16};

use super::budget::{Budget, Own};
use crate::weights::array::{ElementType, byte_len};
use crate::weights::error::WeightsError;

/// The elements that constants of weights and of their axes have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Element {
    F64,
    F32,
    F16,
    BF16,
    I64,
    I32,
}

impl Element {
    pub(super) fn size(self) -> usize {
        match self {
            Self::F64 | Self::I64 => 8,
            Self::F32 | Self::I32 => 4,
            Self::F16 | Self::BF16 => 2,
        }
    }

    pub(super) fn is_float(self) -> bool {
        !matches!(self, Self::I64 | Self::I32)
    }

    /// Whether every number of the other type is one of this.
    pub(super) fn holds(self, other: Self) -> bool {
        self == other
            || matches!(
                (self, other),
                (Self::F64, Self::F32 | Self::F16 | Self::BF16)
                    | (Self::F32, Self::F16 | Self::BF16)
                    | (Self::I64, Self::I32)
            )
    }

    pub(super) fn element_type(self) -> ElementType {
        match self {
            Self::F64 => ElementType::F64,
            Self::F32 => ElementType::F32,
            Self::F16 => ElementType::F16,
            Self::BF16 => ElementType::BF16,
            Self::I64 => ElementType::Other("INT64".into()),
            Self::I32 => ElementType::Other("INT32".into()),
        }
    }
}

/// Where the bytes are.
#[derive(Clone)]
pub(super) enum Data<'a> {
    File(&'a [u8]),
    Own(Rc<Own>),
}

impl Data<'_> {
    pub(super) fn bytes(&self) -> &[u8] {
        match self {
            Self::File(bytes) => bytes,
            Self::Own(own) => own.bytes(),
        }
    }
}

/// Numbers at regular places among others.
///
/// Every place is within the bytes: [`whole`](View::whole) checks it, and what is made of a view stays within it.
#[derive(Clone)]
pub(super) struct View<'a> {
    pub element: Element,
    pub shape: Vec<usize>,
    /// From one index of a dimension to the next, in elements.
    strides: Vec<isize>,
    /// The index of the first element.
    offset: usize,
    data: Data<'a>,
}

impl<'a> View<'a> {
    /// Whole bytes row by row; none where they are not as many as the shape asks for.
    pub(super) fn whole(element: Element, shape: Vec<usize>, data: Data<'a>) -> Option<Self> {
        let expected = byte_len(&shape, element.size())?;
        (data.bytes().len() as u64 == expected).then(|| Self {
            element,
            strides: row_major(&shape),
            shape,
            offset: 0,
            data,
        })
    }

    /// The number of elements, which fits as that of the whole view did; a slice has less.
    pub(super) fn len(&self) -> usize {
        self.shape.iter().product()
    }

    fn is_row_major(&self) -> bool {
        let natural = row_major(&self.shape);
        let dims = self.shape.iter().zip(self.strides.iter().zip(&natural));
        self.len() == 0 || dims.clone().all(|(&dim, (a, b))| dim == 1 || a == b)
    }

    /// The same numbers with the axes in another order.
    pub(super) fn transpose(mut self, permutation: &[usize]) -> Self {
        self.shape = permutation.iter().map(|&axis| self.shape[axis]).collect();
        self.strides = permutation.iter().map(|&axis| self.strides[axis]).collect();
        self
    }

    /// Every `step`th index from `start` of an axis, `count` of them, all of which are there.
    pub(super) fn slice(mut self, axis: usize, start: usize, count: usize, step: isize) -> Self {
        let stride = self.strides[axis];
        self.shape[axis] = count;
        self.strides[axis] = stride.wrapping_mul(step);
        if self.len() == 0 {
            // There is nothing to be found anywhere.
            self.offset = 0;
        } else {
            self.offset = self
                .offset
                .wrapping_add_signed(stride * start.cast_signed());
        }
        self
    }

    /// The part at an index of the first axis, without it.
    pub(super) fn part(self, index: usize) -> Self {
        self.slice(0, index, 1, 1).without_axis(0)
    }

    /// Without an axis of one index.
    pub(super) fn without_axis(mut self, axis: usize) -> Self {
        self.shape.remove(axis);
        self.strides.remove(axis);
        self
    }

    /// With an axis of one index.
    pub(super) fn with_axis(mut self, axis: usize) -> Self {
        self.shape.insert(axis, 1);
        self.strides.insert(axis, 0);
        self
    }

    /// The same numbers, row by row, in a shape of as many.
    pub(super) fn reshape(self, shape: Vec<usize>, budget: &Budget) -> Result<Self, WeightsError> {
        let mut whole = self.row_major(budget)?;
        whole.strides = row_major(&shape);
        whole.shape = shape;
        Ok(whole)
    }

    /// The same numbers row by row: bytes that are copied for it are given back with the view.
    pub(super) fn row_major(self, budget: &Budget) -> Result<Self, WeightsError> {
        if self.is_row_major() {
            return Ok(Self {
                strides: row_major(&self.shape),
                ..self
            });
        }
        let bytes = self.gather(budget)?;
        Ok(Self {
            strides: row_major(&self.shape),
            offset: 0,
            data: Data::Own(budget.own(bytes)),
            ..self
        })
    }

    /// The bytes of a view that is [`row_major`](View::row_major).
    pub(super) fn bytes(&self) -> &[u8] {
        &self.data.bytes()[self.range()]
    }

    fn range(&self) -> Range<usize> {
        let size = self.element.size();
        self.offset * size..(self.offset + self.len()) * size
    }

    /// The bytes row by row, of the file where they lie so there, for whoever keeps them: they stay taken.
    pub(super) fn into_bytes(self, budget: &Budget) -> Result<Cow<'a, [u8]>, WeightsError> {
        if !self.is_row_major() {
            return Ok(Cow::Owned(self.gather(budget)?));
        }
        let range = self.range();
        match self.data {
            Data::File(bytes) => Ok(Cow::Borrowed(&bytes[range])),
            Data::Own(own) => match Rc::try_unwrap(own) {
                Ok(own) if range.len() == own.bytes().len() => Ok(Cow::Owned(own.into_bytes())),
                Ok(own) => Ok(Cow::Owned(copied(own.bytes(), range, budget)?)),
                Err(shared) => Ok(Cow::Owned(copied(shared.bytes(), range, budget)?)),
            },
        }
    }

    /// Copies the numbers row by row.
    fn gather(&self, budget: &Budget) -> Result<Vec<u8>, WeightsError> {
        let size = self.element.size();
        budget.take((self.len() * size) as u64)?;
        let mut bytes = Vec::with_capacity(self.len() * size);
        // The last axes that lie side by side are copied at once.
        let natural = row_major(&self.shape);
        let apart = (0..self.shape.len())
            .rfind(|&axis| self.shape[axis] != 1 && self.strides[axis] != natural[axis]);
        let outer = apart.map_or(0, |axis| axis + 1);
        let run = self.shape[outer..].iter().product::<usize>() * size;
        let from = self.data.bytes();
        let mut index = vec![0; outer];
        while bytes.len() < self.len() * size {
            let places = index.iter().zip(&self.strides);
            let place = places.fold(self.offset, |place, (&index, &stride): (&usize, _)| {
                place.wrapping_add_signed(index.cast_signed() * stride)
            });
            bytes.extend_from_slice(&from[place * size..][..run]);
            for axis in (0..outer).rev() {
                index[axis] += 1;
                if index[axis] < self.shape[axis] {
                    break;
                }
                index[axis] = 0;
            }
        }
        Ok(bytes)
    }

    /// Whether every number is zero.
    pub(super) fn is_zero(&self, budget: &Budget) -> Result<bool, WeightsError> {
        let element = self.element;
        let whole = self.clone().row_major(budget)?;
        let bytes = whole.bytes();
        budget.work(bytes.len() as u64)?;
        let is_zero = |number| match read_number(number, element) {
            Number::Float(float) => float == 0.0,
            Number::Int(int) => int == 0,
        };
        Ok(bytes.chunks_exact(element.size()).all(is_zero))
    }

    /// The same numbers in another type, rounded to it.
    pub(super) fn convert(self, to: Element, budget: &Budget) -> Result<Self, WeightsError> {
        let from = self.element;
        if from == to {
            return Ok(self);
        }
        let shape = self.shape.clone();
        budget.take((self.len() * to.size()) as u64)?;
        let whole = self.row_major(budget)?;
        let bytes = whole.bytes();
        let numbers = bytes.chunks_exact(from.size());
        let mut converted = Vec::with_capacity(numbers.len() * to.size());
        for number in numbers {
            write_number(read_number(number, from), to, &mut converted);
        }
        Ok(Self {
            element: to,
            strides: row_major(&shape),
            shape,
            offset: 0,
            data: Data::Own(budget.own(converted)),
        })
    }

    /// The integers row by row; none where they are no integers.
    pub(super) fn ints(self, budget: &Budget) -> Result<Option<Vec<i64>>, WeightsError> {
        let element = self.element;
        budget.work((self.len() as u64).saturating_mul(8))?;
        let whole = self.row_major(budget)?;
        let bytes = whole.bytes();
        let (wide, _) = bytes.as_chunks();
        let (narrow, _) = bytes.as_chunks();
        Ok(match element {
            Element::I64 => Some(wide.iter().map(|b| i64::from_le_bytes(*b)).collect()),
            Element::I32 => Some(
                (narrow.iter())
                    .map(|b| i32::from_le_bytes(*b).into())
                    .collect(),
            ),
            _ => None,
        })
    }
}

fn copied(bytes: &[u8], range: Range<usize>, budget: &Budget) -> Result<Vec<u8>, WeightsError> {
    budget.take(range.len() as u64)?;
    Ok(bytes[range].to_vec())
}

/// A number of the largest type of its kind, of which every smaller one is exact.
enum Number {
    Float(f64),
    Int(i64),
}

fn read_number(bytes: &[u8], element: Element) -> Number {
    let mut word = [0; 8];
    word[..bytes.len()].copy_from_slice(bytes);
    let [a, b, c, d, ..] = word;
    match element {
        Element::F64 => Number::Float(f64::from_le_bytes(word)),
        Element::F32 => Number::Float(f32::from_le_bytes([a, b, c, d]).into()),
        Element::F16 => Number::Float(f16::from_le_bytes([a, b]).into()),
        Element::BF16 => Number::Float(bf16::from_le_bytes([a, b]).into()),
        Element::I64 => Number::Int(i64::from_le_bytes(word)),
        Element::I32 => Number::Int(i32::from_le_bytes([a, b, c, d]).into()),
    }
}

fn write_number(number: Number, to: Element, bytes: &mut Vec<u8>) {
    let (float, int) = match number {
        Number::Float(float) => (float, float as i64),
        Number::Int(int) => (int as f64, int),
    };
    match to {
        Element::F64 => bytes.extend(float.to_le_bytes()),
        Element::F32 => bytes.extend((float as f32).to_le_bytes()),
        Element::F16 => bytes.extend(f16::from_f64(float).to_le_bytes()),
        Element::BF16 => bytes.extend(bf16::from_f64(float).to_le_bytes()),
        Element::I64 => bytes.extend(int.to_le_bytes()),
        Element::I32 => bytes.extend((int as i32).to_le_bytes()),
    }
}

/// The strides of numbers that lie row by row.
fn row_major(shape: &[usize]) -> Vec<isize> {
    let mut stride = 1_isize;
    let mut strides: Vec<isize> = shape
        .iter()
        .rev()
        .map(|&dim| {
            let this = stride;
            stride = stride.wrapping_mul(dim.cast_signed());
            this
        })
        .collect();
    strides.reverse();
    strides
}
