//! A tensor as a file has it: name, shape, type, bytes.

use std::borrow::Cow;

use super::error::{WeightsError, WeightsErrorKind};

/// The type of a tensor's elements in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ElementType {
    /// Floats of 64 bits.
    F64,
    /// Floats of 32 bits.
    F32,
    /// IEEE floats of 16 bits.
    F16,
    /// The upper halves of floats of 32 bits.
    BF16,
    /// Anything else, by the name that the format has for it.
    Other(Cow<'static, str>),
}

impl ElementType {
    /// The bytes of one element of a float type.
    pub(crate) fn float_size(&self) -> Option<usize> {
        match self {
            Self::F64 => Some(8),
            Self::F32 => Some(4),
            Self::F16 | Self::BF16 => Some(2),
            Self::Other(_) => None,
        }
    }
}

impl core::fmt::Display for ElementType {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::F64 => "F64",
            Self::F32 => "F32",
            Self::F16 => "F16",
            Self::BF16 => "BF16",
            Self::Other(name) => name,
        })
    }
}

/// Reads the bytes of a tensor when they are asked for.
type ReadBytes<'a> = Box<dyn Fn() -> Result<Vec<u8>, WeightsError> + 'a>;

/// Where the bytes of an [`Array`] are.
enum Source<'a> {
    Here(Cow<'a, [u8]>),
    Later(ReadBytes<'a>),
}

/// A tensor of floats as a file has it, row by row in little-endian bytes.
///
/// Its number of bytes is that of its shape: an array that is there is a sound one.
pub(crate) struct Array<'a> {
    name: String,
    shape: Vec<usize>,
    element: ElementType,
    source: Source<'a>,
}

impl<'a> Array<'a> {
    /// An array of bytes that are there already.
    ///
    /// # Errors
    ///
    /// Where the elements are no floats, or there are more or fewer bytes than the shape asks for.
    pub(crate) fn new(
        name: impl Into<String>,
        shape: impl Into<Vec<usize>>,
        element: ElementType,
        bytes: impl Into<Cow<'a, [u8]>>,
    ) -> Result<Self, WeightsError> {
        let bytes = bytes.into();
        let array = Self {
            name: name.into(),
            shape: shape.into(),
            element,
            source: Source::Here(Cow::Borrowed(&[])),
        };
        array.check_bytes(&bytes)?;
        let source = Source::Here(bytes);
        Ok(Self { source, ..array })
    }

    /// An array whose bytes `read` reads when they are needed, one tensor after another.
    ///
    /// # Errors
    ///
    /// Where the elements are no floats, or the shape is larger than anything.
    pub(crate) fn later(
        name: impl Into<String>,
        shape: impl Into<Vec<usize>>,
        element: ElementType,
        read: impl Fn() -> Result<Vec<u8>, WeightsError> + 'a,
    ) -> Result<Self, WeightsError> {
        let array = Self {
            name: name.into(),
            shape: shape.into(),
            element,
            source: Source::Later(Box::new(read)),
        };
        array.byte_len()?;
        Ok(array)
    }

    /// The name in the file.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The shape in the file.
    pub(crate) fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The type of the elements, a float.
    pub(crate) fn element(&self) -> &ElementType {
        &self.element
    }

    /// The bytes, read now where they are not here.
    ///
    /// # Errors
    ///
    /// Where they cannot be read, or are more or fewer than the shape asks for.
    pub(crate) fn bytes(&self) -> Result<Cow<'_, [u8]>, WeightsError> {
        match &self.source {
            Source::Here(bytes) => Ok(Cow::Borrowed(bytes)),
            Source::Later(read) => {
                let bytes = read()?;
                self.check_bytes(&bytes)?;
                Ok(Cow::Owned(bytes))
            }
        }
    }

    /// The bytes that the shape asks for.
    pub(crate) fn byte_len(&self) -> Result<u64, WeightsError> {
        let Some(size) = self.element.float_size() else {
            return Err(WeightsErrorKind::Element {
                tensor: self.name.clone(),
                given: self.element.clone(),
            }
            .into());
        };
        let len = byte_len(&self.shape, size);
        len.ok_or_else(|| {
            WeightsErrorKind::TooLarge {
                what: format!("tensor `{}` of shape {:?}", self.name, self.shape),
                given: u64::MAX,
                limit: isize::MAX as u64,
            }
            .into()
        })
    }

    fn check_bytes(&self, bytes: &[u8]) -> Result<(), WeightsError> {
        let (given, expected) = (bytes.len() as u64, self.byte_len()?);
        if given != expected {
            return Err(WeightsErrorKind::Bytes {
                tensor: self.name.clone(),
                given,
                expected,
            }
            .into());
        }
        Ok(())
    }
}

/// The bytes of a tensor with elements of `size` bytes, none where there are more than memory can hold.
pub(crate) fn byte_len(shape: &[usize], size: usize) -> Option<u64> {
    // A zero anywhere makes an empty tensor, but the other sizes still have to be ones that can be multiplied.
    let len = shape
        .iter()
        .try_fold(size, |len, &dim| len.checked_mul(dim.max(1)))?;
    isize::try_from(len).ok()?;
    let empty = shape.contains(&0);
    Some(if empty { 0 } else { len as u64 })
}
