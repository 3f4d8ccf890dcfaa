//! The types of HDF5's elements.

use hdf5_reader::{ByteOrder, Datatype};

use crate::weights::array::ElementType;

/// The type of a tensor's elements, and whether their bytes are in the other order.
///
/// `marked` is what Keras writes beside a tensor whose type HDF5 lacks: `bfloat16` for two opaque bytes.
pub(super) fn element(datatype: &Datatype, marked: Option<&str>) -> (ElementType, bool) {
    let big = |order: &ByteOrder| *order == ByteOrder::BigEndian;
    let other = |name: String| ElementType::Other(name.into());
    match datatype {
        Datatype::Opaque { size: 2, .. } if marked == Some("bfloat16") => {
            (ElementType::BF16, false)
        }
        Datatype::FloatingPoint { size, byte_order } => {
            let element = match size {
                8 => ElementType::F64,
                4 => ElementType::F32,
                2 => ElementType::F16,
                size => other(format!("floats of {size} bytes")),
            };
            (element, big(byte_order))
        }
        Datatype::FixedPoint { size, signed, .. } => {
            let sign = if *signed { "" } else { "unsigned " };
            (other(format!("{sign}integers of {size} bytes")), false)
        }
        Datatype::String { .. } | Datatype::VarLen { .. } => (other("text".into()), false),
        Datatype::Enum { .. } => (other("truth values or enumerations".into()), false),
        Datatype::Opaque { size, .. } => (other(format!("{size} opaque bytes")), false),
        _ => (other("compound elements".into()), false),
    }
}
