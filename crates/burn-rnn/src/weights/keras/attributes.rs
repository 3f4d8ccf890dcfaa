//! The texts that Keras attaches to HDF5's objects.

use std::collections::BTreeMap;

use hdf5_reader::Datatype;
use hdf5_reader::global_heap::GlobalHeapCollection;
use hdf5_reader::io::Cursor;
use hdf5_reader::messages::attribute::AttributeMessage;
use hdf5_reader::superblock::Superblock;
use hdf5_reader::{StringSize, VarLenKind};

use super::errors::{in_hdf5, malformed, too_large};
use super::window::Window;
use crate::weights::error::WeightsError;

/// The attributes of an object that matter, each a text or several.
pub(super) type Attributes = BTreeMap<String, Vec<String>>;

/// What holding a text takes beside its bytes.
const EACH: u64 = 48;

/// Whether an attribute matters. Lists that are too long for one are split over `layer_names0`, `layer_names1` and so on.
fn matters(name: &str) -> bool {
    let lists = ["layer_names", "weight_names"];
    let texts = ["name", "dtype", "keras_version", "model_config"];
    texts.contains(&name) || lists.iter().any(|list| name.starts_with(list))
}

/// Reads texts, up to a part of the file's length in all: many elements can point to one long text.
pub(super) struct Texts<'a> {
    window: &'a Window,
    superblock: &'a Superblock,
    limit: u64,
    left: u64,
    // The heap that was read last: texts of one object are in one.
    heap: Option<(u64, GlobalHeapCollection)>,
}

impl<'a> Texts<'a> {
    pub(super) fn new(window: &'a Window, superblock: &'a Superblock) -> Self {
        let limit = (window.length() / 4).max(1 << 20);
        Self {
            window,
            superblock,
            limit,
            left: limit,
            heap: None,
        }
    }

    /// Takes room for a text of `length` bytes.
    pub(super) fn take(&mut self, length: usize) -> Result<(), WeightsError> {
        match self.left.checked_sub(EACH.saturating_add(length as u64)) {
            Some(left) => self.left = left,
            None => {
                let given = self.limit.saturating_add(length as u64);
                return Err(too_large("its names and settings", given, self.limit));
            }
        }
        Ok(())
    }

    /// The attributes of an object that matter.
    pub(super) fn of<'b>(
        &mut self,
        path: &str,
        messages: impl Iterator<Item = &'b AttributeMessage>,
    ) -> Result<Attributes, WeightsError> {
        let mut attributes = Attributes::new();
        for message in messages.filter(|message| matters(&message.name)) {
            if let Some(texts) = self.read(path, message)? {
                self.take(message.name.len())?;
                attributes.insert(message.name.clone(), texts);
            }
        }
        Ok(attributes)
    }

    /// The texts of an attribute; none where it holds something else.
    fn read(
        &mut self,
        path: &str,
        attribute: &AttributeMessage,
    ) -> Result<Option<Vec<String>>, WeightsError> {
        let count = attribute.dataspace.num_elements();
        let count = count.map_err(|error| in_hdf5(path, error.into()))?;
        let references = match &attribute.datatype {
            Datatype::String {
                size: StringSize::Fixed(_),
                ..
            } => false,
            Datatype::String { .. } => true,
            Datatype::VarLen { kind, base, .. } => {
                if *kind != VarLenKind::String || !base.is_vlen_string_base() {
                    return Ok(None);
                }
                true
            }
            _ => return Ok(None),
        };
        let width = match &attribute.datatype {
            Datatype::String {
                size: StringSize::Fixed(width),
                ..
            } => *width as usize,
            _ => 8 + usize::from(self.superblock.offset_size),
        };
        let bytes = &attribute.raw_data;
        // The reader has checked that the bytes are there; a text of no bytes makes no list of them.
        if width == 0 || (bytes.len() / width) as u64 != count {
            return Err(malformed(format!(
                "the attribute `{}` of its HDF5 object `/{path}` is damaged",
                attribute.name
            )));
        }
        let mut texts = Vec::new();
        for element in bytes.chunks_exact(width) {
            texts.push(match references {
                true => self.follow(path, element)?,
                false => self.text(element)?,
            });
        }
        Ok(Some(texts))
    }

    /// Bytes as a text, without what fills them up.
    fn text(&mut self, bytes: &[u8]) -> Result<String, WeightsError> {
        let end = bytes.iter().position(|&byte| byte == 0);
        let text = &bytes[..end.unwrap_or(bytes.len())];
        self.take(text.len())?;
        Ok(String::from_utf8_lossy(text).into_owned())
    }

    /// The text that a reference points to: its length, the address of a heap, and the index there.
    fn follow(&mut self, path: &str, reference: &[u8]) -> Result<String, WeightsError> {
        let offset_size = self.superblock.offset_size;
        let mut cursor = Cursor::new(reference);
        let parts = cursor.read_u32_le().and_then(|length| {
            let address = cursor.read_offset(offset_size)?;
            Ok((length, address, cursor.read_u32_le()?))
        });
        let (length, address, index) = parts.map_err(|error| in_hdf5(path, error))?;
        if index == 0 || Cursor::is_undefined_offset(address, offset_size) {
            return Ok(String::new());
        }
        let (heap_address, heap) = match self.heap.take() {
            Some(heap) if heap.0 == address => heap,
            _ => (address, self.heap_at(path, address)?),
        };
        let object = u16::try_from(index)
            .ok()
            .and_then(|index| heap.get_object(index));
        let bytes = object.and_then(|object| object.data.get(..length as usize));
        let text = match bytes {
            Some(bytes) => self.text(bytes),
            None => Err(malformed(format!(
                "a text of its HDF5 object `/{path}` is not where it says"
            ))),
        };
        self.heap = Some((heap_address, heap));
        text
    }

    fn heap_at(&self, path: &str, address: u64) -> Result<GlobalHeapCollection, WeightsError> {
        let Superblock {
            offset_size,
            length_size,
            ..
        } = *self.superblock;
        // Its size comes before its texts, which the reader copies.
        let head = 8 + usize::from(length_size);
        let head = self.window.read(address, head);
        let size = head.map_err(Into::into).and_then(|head| {
            let mut cursor = Cursor::new(&head);
            cursor.skip(8)?;
            cursor.read_length(length_size)
        });
        let size = size.map_err(|error| in_hdf5(path, error))?;
        if size > self.limit {
            return Err(too_large(
                format!("the texts of its HDF5 object `/{path}`"),
                size,
                self.limit,
            ));
        }
        let heap =
            GlobalHeapCollection::parse_at_storage(self.window, address, offset_size, length_size);
        heap.map_err(|error| in_hdf5(path, error))
    }
}

/// The list of an attribute, which may be split over several.
pub(super) fn list<'a>(attributes: &'a Attributes, name: &str) -> Option<Vec<&'a str>> {
    if let Some(texts) = attributes.get(name) {
        return Some(texts.iter().map(String::as_str).collect());
    }
    let parts = (0..).map_while(|part| attributes.get(&format!("{name}{part}")));
    let texts: Vec<&str> = parts.flatten().map(String::as_str).collect();
    attributes
        .contains_key(&format!("{name}0"))
        .then_some(texts)
}

/// The text of an attribute.
pub(super) fn text<'a>(attributes: &'a Attributes, name: &str) -> Option<&'a str> {
    attributes.get(name)?.first().map(String::as_str)
}
