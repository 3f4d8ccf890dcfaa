//! The groups and tensors of an HDF5 file.
//!
//! `hdf5-reader` parses each structure; the way from one to the next is walked here, so that nothing is visited twice and nothing is kept
//! but names, shapes and places. Keras writes plain files: groups with few links or an old symbol table, tensors in one piece. What it
//! never writes (links to elsewhere, chunks and compression, dense storage, user blocks) is refused by name.

use std::collections::{BTreeMap, HashSet};

use hdf5_reader::btree_v1::BTreeV1Node;
use hdf5_reader::io::Cursor;
use hdf5_reader::local_heap::LocalHeap;
use hdf5_reader::messages::HdfMessage;
use hdf5_reader::messages::dataspace::DataspaceType;
use hdf5_reader::messages::layout::DataLayout;
use hdf5_reader::messages::link::LinkTarget;
use hdf5_reader::object_header::ObjectHeader;
use hdf5_reader::superblock::Superblock;
use hdf5_reader::symbol_table::SymbolTableNode;
use hdf5_reader::{Datatype, Storage};

use super::attributes::{Attributes, Texts, text};
use super::elements::element;
use super::errors::{cannot_read, in_hdf5, malformed, too_large};
use super::window::Window;
use crate::weights::array::{ElementType, byte_len};
use crate::weights::error::WeightsError;

/// How deep groups may lie inside each other: Keras' own lie eight deep, nested models four more each.
const DEEPEST: usize = 64;

/// What of an object's header the parser makes of it: a message of four bytes becomes two hundred.
const HEADER_GROWTH: u64 = 64;

/// A tensor in a file.
#[derive(Debug)]
pub(super) struct Stored {
    pub shape: Vec<usize>,
    pub element: ElementType,
    /// Whether the bytes of an element are in the other order.
    pub big_endian: bool,
    pub place: Place,
}

/// Where the bytes of a tensor are.
#[derive(Debug)]
pub(super) enum Place {
    /// At an address, checked to be inside the file.
    At(u64),
    /// In the header, copied from there.
    Here(Vec<u8>),
    /// Nowhere, for elements that are no floats.
    Unread,
}

/// What is in a file.
#[derive(Debug, Default)]
pub(super) struct Objects {
    /// The tensors by path, without the slash at the front.
    pub tensors: BTreeMap<String, Stored>,
    /// The attributes that matter of each group that has any; the root's path is empty.
    pub attributes: BTreeMap<String, Attributes>,
}

impl Objects {
    /// Walks through all groups.
    ///
    /// # Errors
    ///
    /// Where something is damaged, leads in circles, lies outside the file, or is nothing that Keras writes.
    pub(super) fn read(window: &Window) -> Result<Self, WeightsError> {
        let superblock = Superblock::parse_from_storage(window);
        let superblock = superblock.map_err(|error| in_hdf5("", error))?;
        if superblock.base_address != 0 {
            return Err(malformed("its HDF5 data do not begin at its start"));
        }
        let root = superblock.root_object_header_address();
        let mut walk = Walk {
            window,
            superblock: &superblock,
            texts: Texts::new(window, &superblock),
            visited: HashSet::new(),
            left: vec![(String::new(), root.map_err(|error| in_hdf5("", error))?)],
            objects: Self::default(),
        };
        while let Some((path, address)) = walk.left.pop() {
            walk.visit(path, address)?;
        }
        Ok(walk.objects)
    }
}

struct Walk<'a> {
    window: &'a Window,
    superblock: &'a Superblock,
    texts: Texts<'a>,
    visited: HashSet<u64>,
    left: Vec<(String, u64)>,
    objects: Objects,
}

impl Walk<'_> {
    fn visit(&mut self, path: String, address: u64) -> Result<(), WeightsError> {
        if !self.visited.insert(address) {
            return Err(malformed(format!(
                "its HDF5 object `/{path}` is another one as well: links in circles or to the same object are nothing that Keras writes"
            )));
        }
        if path.split('/').count() > DEEPEST {
            return Err(malformed(format!(
                "its HDF5 groups lie more than {DEEPEST} deep at `/{path}`"
            )));
        }
        let header = self.header(&path, address)?;
        let attributes = header.messages.iter().filter_map(|message| match message {
            HdfMessage::Attribute(attribute) => Some(attribute),
            _ => None,
        });
        let attributes = self.texts.of(&path, attributes)?;
        if (header.messages.iter()).any(|message| matches!(message, HdfMessage::DataLayout(_))) {
            let stored = self.tensor(&path, header, &attributes)?;
            self.objects.tensors.insert(path, stored);
            return Ok(());
        }
        for message in &header.messages {
            match message {
                HdfMessage::SymbolTable(table) => {
                    self.symbols(&path, table.btree_address, table.heap_address)?;
                }
                HdfMessage::Link(link) => match &link.target {
                    LinkTarget::Hard { address } => self.child(&path, &link.name, *address)?,
                    _ => return Err(no_hard_link(&path, &link.name)),
                },
                HdfMessage::LinkInfo(info) => self.no_dense(&path, info.fractal_heap_address)?,
                HdfMessage::AttributeInfo(info) => {
                    self.no_dense(&path, info.fractal_heap_address)?;
                }
                _ => {}
            }
        }
        if !attributes.is_empty() {
            self.objects.attributes.insert(path, attributes);
        }
        Ok(())
    }

    /// The header of an object. What the parser makes of it is dropped before the next one is read.
    fn header(&self, path: &str, address: u64) -> Result<ObjectHeader, WeightsError> {
        let limit = (self.window.length() / HEADER_GROWTH).max(256 << 10);
        let header = ObjectHeader::parse_at_storage_with_limit(
            self.window,
            address,
            self.superblock.offset_size,
            self.superblock.length_size,
            limit as usize,
        );
        let header = header.map_err(|error| in_hdf5(path, error))?;
        let shared = |message: &HdfMessage| matches!(message, HdfMessage::Shared(_));
        if header.messages.iter().any(shared) {
            return Err(malformed(format!(
                "its HDF5 object `/{path}` shares its type with others, which Keras never writes"
            )));
        }
        Ok(header)
    }

    fn no_dense(&self, path: &str, heap: u64) -> Result<(), WeightsError> {
        if Cursor::is_undefined_offset(heap, self.superblock.offset_size) {
            return Ok(());
        }
        Err(malformed(format!(
            "its HDF5 group `/{path}` is stored densely, which Keras never does: copy the file with `h5repack --low=0 --high=0`"
        )))
    }

    /// Notes an object in a group.
    fn child(&mut self, path: &str, name: &str, address: u64) -> Result<(), WeightsError> {
        let child = match path {
            "" => name.to_string(),
            path => format!("{path}/{name}"),
        };
        self.texts.take(child.len())?;
        self.left.push((child, address));
        Ok(())
    }

    /// Notes the objects of a group with a symbol table: a tree of nodes, and a heap of names.
    fn symbols(&mut self, path: &str, tree: u64, heap: u64) -> Result<(), WeightsError> {
        let error = |error| in_hdf5(path, error);
        let Superblock {
            offset_size,
            length_size,
            ..
        } = *self.superblock;
        let heap = LocalHeap::parse_at_storage(self.window, heap, offset_size, length_size);
        let heap = heap.map_err(error)?;
        let limit = (self.window.length() / 4).max(1 << 20);
        if heap.data_segment_size > limit {
            let what = format!("the names in its HDF5 group `/{path}`");
            return Err(too_large(what, heap.data_segment_size, limit));
        }
        let size = heap.data_segment_size as usize;
        let names = self.window.read_range(heap.data_segment_address, size);
        let names = names.map_err(error)?;
        let mut nodes = vec![(tree, u8::MAX)];
        let mut visited = HashSet::new();
        while let Some((address, above)) = nodes.pop() {
            if !visited.insert(address) {
                return Err(malformed(format!(
                    "the tree of its HDF5 group `/{path}` leads in circles"
                )));
            }
            let node = self.tree_node(address).map_err(error)?;
            if node.node_type != 0 || node.level >= above {
                return Err(malformed(format!(
                    "the tree of its HDF5 group `/{path}` is damaged"
                )));
            }
            for child in node.children {
                match node.level {
                    0 => self.symbol_node(path, child, &names)?,
                    level => nodes.push((child, level)),
                }
            }
        }
        Ok(())
    }

    fn tree_node(&self, address: u64) -> hdf5_reader::error::Result<BTreeV1Node> {
        let Superblock {
            offset_size,
            length_size,
            ..
        } = *self.superblock;
        let head = 8 + 2 * usize::from(offset_size);
        let start = self.window.read_range(address, head)?;
        let entries = usize::from(u16::from_le_bytes([start[6], start[7]]));
        let (key, child) = (usize::from(length_size), usize::from(offset_size));
        let length = head + entries * (key + child) + key;
        let bytes = self.window.read_range(address, length)?;
        BTreeV1Node::parse(&mut Cursor::new(&bytes), offset_size, length_size, Some(0))
    }

    fn symbol_node(&mut self, path: &str, address: u64, names: &[u8]) -> Result<(), WeightsError> {
        let error = |error| in_hdf5(path, error);
        let Superblock {
            offset_size,
            length_size,
            ..
        } = *self.superblock;
        let start = self.window.read_range(address, 8).map_err(error)?;
        let entries = usize::from(u16::from_le_bytes([start[6], start[7]]));
        let length = 8 + entries * (2 * usize::from(offset_size) + 24);
        let bytes = self.window.read_range(address, length).map_err(error)?;
        let node = SymbolTableNode::parse(&mut Cursor::new(&bytes), offset_size, length_size);
        for entry in node.map_err(error)?.entries {
            let from = usize::try_from(entry.link_name_offset).ok();
            let name = from.and_then(|from| names.get(from..)).and_then(|rest| {
                let end = rest.iter().position(|&byte| byte == 0)?;
                core::str::from_utf8(&rest[..end]).ok()
            });
            let Some(name) = name.filter(|name| !name.is_empty()) else {
                return Err(malformed(format!(
                    "a name in its HDF5 group `/{path}` is damaged"
                )));
            };
            // 2 is a link by name; its address is no object's.
            if entry.cache_type == 2 {
                return Err(no_hard_link(path, name));
            }
            self.child(path, name, entry.object_header_address)?;
        }
        Ok(())
    }

    fn tensor(
        &mut self,
        path: &str,
        header: ObjectHeader,
        attributes: &Attributes,
    ) -> Result<Stored, WeightsError> {
        let (mut space, mut datatype, mut layout) = (None, None, None);
        for message in header.messages {
            match message {
                HdfMessage::Dataspace(message) => space = Some(message),
                HdfMessage::Datatype(message) => datatype = Some(message),
                HdfMessage::DataLayout(message) => layout = Some(message),
                HdfMessage::AttributeInfo(info) => {
                    self.no_dense(path, info.fractal_heap_address)?;
                }
                HdfMessage::ExternalFiles(_) => {
                    return Err(malformed(format!(
                        "the bytes of its tensor `{path}` are in another file, which Keras never writes and nothing here opens"
                    )));
                }
                _ => {}
            }
        }
        let (Some(space), Some(datatype), Some(layout)) = (space, datatype, layout) else {
            return Err(malformed(format!(
                "its tensor `{path}` has no shape or no type"
            )));
        };
        let mut shape = Vec::with_capacity(space.dims.len());
        for &dim in &space.dims {
            let dim = usize::try_from(dim);
            shape.push(dim.map_err(|_| too_large(named(path), u64::MAX, self.window.length()))?);
        }
        if space.dataspace_type == DataspaceType::Null {
            shape = vec![0];
        }
        self.texts.take(shape.len() * 8)?;
        self.place(path, shape, &datatype.datatype, layout.layout, attributes)
    }

    fn place(
        &mut self,
        path: &str,
        shape: Vec<usize>,
        datatype: &Datatype,
        layout: DataLayout,
        attributes: &Attributes,
    ) -> Result<Stored, WeightsError> {
        let (element, big_endian) = element(datatype, text(attributes, "dtype"));
        let Some(size) = element.float_size() else {
            // It is listed, and never read.
            let place = Place::Unread;
            return Ok(Stored {
                shape,
                element,
                big_endian,
                place,
            });
        };
        let whole = self.window.length();
        let length = byte_len(&shape, size);
        let length = length.ok_or_else(|| too_large(named(path), u64::MAX, whole))?;
        let place = match layout {
            DataLayout::Compact { data } if data.len() as u64 == length => {
                self.texts.take(data.len())?;
                Place::Here(data)
            }
            DataLayout::Contiguous { .. } if length == 0 => Place::Here(Vec::new()),
            DataLayout::Contiguous { address, size } if size == length => {
                if !self.window.holds(address, length) {
                    return Err(too_large(
                        named(path),
                        length,
                        whole.saturating_sub(address),
                    ));
                }
                Place::At(address)
            }
            DataLayout::Chunked { .. } => {
                return Err(cannot_read(
                    named(path),
                    "it is chunked or compressed, which Keras never does: copy the file with `h5repack -f NONE -l CONTI`",
                ));
            }
            DataLayout::Compact { .. } | DataLayout::Contiguous { .. } => {
                return Err(malformed(format!(
                    "the bytes of its tensor `{path}` are not as many as those of its shape {shape:?}"
                )));
            }
        };
        Ok(Stored {
            shape,
            element,
            big_endian,
            place,
        })
    }
}

fn named(path: &str) -> String {
    format!("the tensor `{path}`")
}

fn no_hard_link(path: &str, name: &str) -> WeightsError {
    malformed(format!(
        "`{name}` in its HDF5 group `/{path}` is a link to elsewhere, which Keras never writes and nothing here follows"
    ))
}
