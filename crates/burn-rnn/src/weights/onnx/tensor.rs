//! A `TensorProto` as a view of its numbers.

use std::rc::Rc;

use super::budget::Budget;
use super::external::{Folder, Place};
use super::view::{Data, Element, View};
use super::wire::{Fields, Value, malformed};
use crate::weights::array::{ElementType, byte_len};
use crate::weights::error::{WeightsError, WeightsErrorKind};

/// The most dimensions: those of weights are three, and each takes memory.
pub(super) const MOST_DIMENSIONS: usize = 16;

/// The `TensorProto.DataType` of conditions.
const BOOL: i64 = 9;

/// Name, shape and type of a tensor, and where its numbers are.
pub(super) struct FileTensor<'a> {
    pub name: &'a str,
    pub shape: Vec<usize>,
    data_type: i64,
    raw: Option<&'a [u8]>,
    external: Option<Place<'a>>,
    body: &'a [u8],
}

impl<'a> FileTensor<'a> {
    pub(super) fn read(body: &'a [u8]) -> Result<Self, WeightsError> {
        let mut tensor = Self {
            name: "",
            shape: Vec::new(),
            data_type: 0,
            raw: None,
            external: None,
            body,
        };
        let mut place = Place::default();
        let mut is_external = false;
        let mut in_segments = false;
        for field in Fields::new(body) {
            match field? {
                (1, value) => tensor.add_dims(value)?,
                (2, value) => tensor.data_type = value.int("data_type")?,
                (3, _) => in_segments = true,
                (8, value) => tensor.name = value.text("name")?,
                (9, value) => tensor.raw = Some(value.bytes("raw_data")?),
                (13, value) => place.add(value.bytes("external_data")?)?,
                (14, value) => is_external = value.int("data_location")? == 1,
                _ => {}
            }
        }
        if in_segments {
            return Err(malformed(format!(
                "tensor `{}` is one segment of several, which nobody writes",
                tensor.name
            )));
        }
        tensor.external = is_external.then_some(place);
        Ok(tensor)
    }

    fn add_dims(&mut self, value: Value<'_>) -> Result<(), WeightsError> {
        for dim in value.ints("dims")? {
            let dim = dim?;
            if self.shape.len() == MOST_DIMENSIONS {
                return Err(malformed(format!(
                    "a tensor has more than {MOST_DIMENSIONS} dimensions"
                )));
            }
            let dim = usize::try_from(dim)
                .map_err(|_| malformed(format!("a tensor has a dimension of {dim}")))?;
            self.shape.push(dim);
        }
        Ok(())
    }

    /// The bytes that have to be looked at one by one to read it: all but the numbers in one piece.
    pub(super) fn work(&self) -> u64 {
        let raw = self.raw.map_or(0, <[u8]>::len);
        (self.body.len() - raw) as u64
    }

    /// The type of the elements, for messages and lists.
    pub(super) fn element_type(&self) -> ElementType {
        match element(self.data_type) {
            Some(element) => element.element_type(),
            None => ElementType::Other(type_name(self.data_type).into()),
        }
    }

    /// Whether it is an integer or a list of them, or a condition: axes, sizes, lengths, and no weights.
    pub(super) fn is_list_of_ints(&self) -> bool {
        let is_bool = self.data_type == BOOL;
        let element = element(self.data_type);
        self.shape.len() <= 1 && (is_bool || element.is_some_and(|element| !element.is_float()))
    }

    /// The numbers. `name` is for messages: a constant has no name of its own.
    ///
    /// # Errors
    ///
    /// Where they are of another type than floats and integers of 32 and 64 bits, or not as many as the shape says, or where external ones
    /// cannot be read.
    pub(super) fn view(
        self,
        name: &str,
        folder: &Folder<'_>,
        budget: &Budget,
    ) -> Result<View<'a>, WeightsError> {
        let Some(element) = element(self.data_type) else {
            return Err(WeightsErrorKind::Element {
                tensor: name.into(),
                given: self.element_type(),
            }
            .into());
        };
        let Some(expected) = byte_len(&self.shape, element.size()) else {
            return Err(WeightsErrorKind::TooLarge {
                what: format!("tensor `{name}` of shape {:?}", self.shape),
                given: u64::MAX,
                limit: isize::MAX as u64,
            }
            .into());
        };
        let data = match (&self.external, self.raw) {
            (Some(place), _) => {
                let bytes = folder.read(place, name, expected, budget)?;
                Data::Own(budget.own(bytes))
            }
            (None, Some(raw)) => Data::File(raw),
            (None, None) => self.typed(element, expected, budget)?,
        };
        let given = data.bytes().len();
        View::whole(element, self.shape, data).ok_or_else(|| {
            WeightsErrorKind::Bytes {
                tensor: name.into(),
                given: given as u64,
                expected,
            }
            .into()
        })
    }

    /// The numbers of the field of their type.
    fn typed(
        &self,
        element: Element,
        expected: u64,
        budget: &Budget,
    ) -> Result<Data<'a>, WeightsError> {
        let field = match element {
            Element::F32 => 4,
            Element::F64 => 10,
            Element::I64 => 7,
            // Halves are integers of 16 bits there.
            Element::I32 | Element::F16 | Element::BF16 => 5,
        };
        let mut bytes: Option<Data<'a>> = None;
        for next in Fields::new(self.body) {
            let (number, value) = next?;
            if number != field {
                continue;
            }
            // Floats are packed as they lie in memory, in one piece unless somebody took pains.
            if let (None, Value::Bytes(packed)) = (&bytes, value)
                && matches!(element, Element::F32 | Element::F64)
            {
                bytes = Some(Data::File(packed));
                continue;
            }
            let own = match bytes.take() {
                None => {
                    budget.take(expected.min(self.body.len() as u64 * 8))?;
                    Vec::new()
                }
                Some(Data::File(first)) => {
                    budget.take(self.body.len() as u64)?;
                    first.to_vec()
                }
                Some(Data::Own(own)) => match Rc::try_unwrap(own) {
                    Ok(own) => own.into_bytes(),
                    Err(shared) => shared.bytes().to_vec(),
                },
            };
            let own = append(own, value, element, expected)?;
            bytes = Some(Data::Own(budget.own(own)));
        }
        Ok(bytes.unwrap_or(Data::File(&[])))
    }
}

/// Appends the numbers of a field, at most one more than are expected.
fn append(
    mut bytes: Vec<u8>,
    value: Value<'_>,
    element: Element,
    expected: u64,
) -> Result<Vec<u8>, WeightsError> {
    match (element, value) {
        (Element::F32, Value::Fixed32(number)) => bytes.extend(number),
        (Element::F64, Value::Fixed64(number)) => bytes.extend(number),
        (Element::F32 | Element::F64, Value::Bytes(packed)) => bytes.extend_from_slice(packed),
        (Element::F32 | Element::F64, _) => {
            return Err(malformed(
                "numbers of a tensor are of another wire type than ONNX's",
            ));
        }
        (_, value) => {
            for int in value.ints("data")? {
                let int = int?.to_le_bytes();
                if bytes.len() as u64 > expected {
                    break;
                }
                bytes.extend_from_slice(&int[..element.size()]);
            }
        }
    }
    Ok(bytes)
}

/// A `TensorProto.DataType` that constants of weights have.
pub(super) fn element(data_type: i64) -> Option<Element> {
    Some(match data_type {
        1 => Element::F32,
        6 => Element::I32,
        7 => Element::I64,
        10 => Element::F16,
        11 => Element::F64,
        16 => Element::BF16,
        _ => return None,
    })
}

/// The name of any other type.
fn type_name(data_type: i64) -> String {
    let name = match data_type {
        2 => "UINT8",
        3 => "INT8",
        4 => "UINT16",
        5 => "INT16",
        8 => "STRING",
        BOOL => "BOOL",
        12 => "UINT32",
        13 => "UINT64",
        14 => "COMPLEX64",
        15 => "COMPLEX128",
        other => return format!("type {other}"),
    };
    name.into()
}
