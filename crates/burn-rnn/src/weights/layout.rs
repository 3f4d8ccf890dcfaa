//! How a format lays a cell's parameters out, and how they come from there to here and back.

use burn::tensor::{DType, Element, TensorData, bf16, f16};

use super::array::{Array, ElementType};
use super::copy::{Block, Float, copy, transpose};
use super::error::WeightsError;

/// Which way the matrices of a format lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Orientation {
    /// `[out, in]`, used as `W x`: PyTorch, ONNX.
    OutIn,
    /// `[in, out]`, used as `x W`: Keras, this library.
    InOut,
}

/// Where one of this library's gates is in a format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct GateBlock {
    /// The index of the format's block.
    pub block: usize,
    /// Whether the format has the gate's complement, `1 − σ(a) = σ(−a)`: every parameter's sign is turned.
    pub negate: bool,
}

impl GateBlock {
    /// The only gate.
    pub(crate) const ONE: &'static [Self] = &[Self::at(0)];
    /// The LSTM's gates in the order of this library, PyTorch and Keras.
    pub(crate) const LSTM: &'static [Self] = &[Self::at(0), Self::at(1), Self::at(2), Self::at(3)];

    /// The block at `index` as it is.
    pub(crate) const fn at(index: usize) -> Self {
        let negate = false;
        Self {
            block: index,
            negate,
        }
    }

    /// The block at `index`, of the complement.
    pub(crate) const fn complement_at(index: usize) -> Self {
        let negate = true;
        Self {
            block: index,
            negate,
        }
    }
}

/// The rows of diagonal peepholes in a file: ONNX alone has them, for the input, the output and the forget gate.
pub(crate) const PEEPHOLE_ROWS: usize = 3;

/// How a format lays a cell's parameters out.
///
/// A gate is a block of `d_hidden` rows or columns of a matrix, and of a bias.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    /// Which way matrices lie.
    pub orientation: Orientation,
    /// The number of blocks that the format has, which may be more than the cell's gates.
    pub blocks: usize,
    /// For each of the cell's gates, in this library's order, the format's block. The orders here are: LSTM `i, f, g, o` (those that
    /// its options leave), GRU `r, z, n` with a `z` of 1 where the state is overwritten, simple the one.
    pub gates: &'static [GateBlock],
    /// For each row of this library's diagonal peepholes, in the order `i, f, o`, the format's row.
    pub peepholes: &'static [usize],
}

impl Layout {
    /// A format whose blocks are these gates, without peepholes.
    pub(crate) const fn of_gates(orientation: Orientation, gates: &'static [GateBlock]) -> Self {
        Self {
            orientation,
            blocks: gates.len(),
            gates,
            peepholes: &[],
        }
    }

    /// Matrices without gates.
    pub(crate) const fn whole(orientation: Orientation) -> Self {
        Self::of_gates(orientation, GateBlock::ONE)
    }

    /// The shape of a matrix of all gates, `[rows, gates · d_hidden]` here, in the format.
    pub(crate) fn matrix_shape(&self, rows: usize, d_hidden: usize) -> Vec<usize> {
        self.shape(rows, self.blocks.saturating_mul(d_hidden))
    }

    /// The shape of a matrix from `from` features to `to` in the format.
    pub(crate) fn shape(&self, from: usize, to: usize) -> Vec<usize> {
        match self.orientation {
            Orientation::OutIn => vec![to, from],
            Orientation::InOut => vec![from, to],
        }
    }

    /// The features that a matrix of the format reads, and those that it gives; none where it is no matrix.
    pub(crate) fn sizes_of(&self, shape: &[usize]) -> Option<(usize, usize)> {
        match (self.orientation, shape) {
            (Orientation::OutIn, &[to, from]) | (Orientation::InOut, &[from, to]) => {
                Some((from, to))
            }
            _ => None,
        }
    }

    /// A matrix of all gates, `[rows, gates · d_hidden]`, out of an array of the shape [`matrix_shape`](Layout::matrix_shape).
    pub(crate) fn read_matrix(
        &self,
        array: &Array<'_>,
        rows: usize,
        d_hidden: usize,
    ) -> Result<TensorData, WeightsError> {
        self.read(
            array,
            [rows, d_hidden],
            self.blocks,
            self.gates,
            self.orientation,
        )
    }

    /// A bias, `[gates · d_hidden]`, out of an array `[blocks · d_hidden]`.
    pub(crate) fn read_bias(
        &self,
        array: &Array<'_>,
        d_hidden: usize,
    ) -> Result<TensorData, WeightsError> {
        let row = Orientation::InOut;
        let data = self.read(array, [1, d_hidden], self.blocks, self.gates, row)?;
        Ok(reshaped(data, vec![self.gates.len() * d_hidden]))
    }

    /// A matrix without gates, `[from, to]`, a projection.
    pub(crate) fn read_plain(
        &self,
        array: &Array<'_>,
        from: usize,
        to: usize,
    ) -> Result<TensorData, WeightsError> {
        self.read(array, [from, to], 1, GateBlock::ONE, self.orientation)
    }

    /// Diagonal peepholes, `[gates, d_hidden]`, out of an array of as many rows one after another.
    pub(crate) fn read_peepholes(
        &self,
        array: &Array<'_>,
        d_hidden: usize,
    ) -> Result<TensorData, WeightsError> {
        let rows = self.peephole_rows();
        let row = Orientation::InOut;
        let data = self.read(array, [1, d_hidden], PEEPHOLE_ROWS, &rows, row)?;
        Ok(reshaped(data, vec![rows.len(), d_hidden]))
    }

    /// The matrix as the format has it, of [`matrix_shape`](Layout::matrix_shape); blocks that are no gate's are zeros.
    pub(crate) fn write_matrix(&self, ours: &TensorData, d_hidden: usize) -> TensorData {
        let rows = ours.shape()[0];
        self.write(
            ours,
            [rows, d_hidden],
            self.blocks,
            self.gates,
            self.orientation,
        )
    }

    /// The bias as the format has it, `[blocks · d_hidden]`.
    pub(crate) fn write_bias(&self, ours: &TensorData, d_hidden: usize) -> TensorData {
        let row = Orientation::InOut;
        let data = self.write(ours, [1, d_hidden], self.blocks, self.gates, row);
        reshaped(data, vec![self.blocks * d_hidden])
    }

    /// A matrix without gates as the format has it.
    pub(crate) fn write_plain(&self, ours: &TensorData) -> TensorData {
        let size = [ours.shape()[0], ours.shape()[1]];
        self.write(ours, size, 1, GateBlock::ONE, self.orientation)
    }

    /// Diagonal peepholes as the format has them, [`PEEPHOLE_ROWS`] rows of `d_hidden` one after another; rows that are no gate's are
    /// zeros.
    pub(crate) fn write_peepholes(&self, ours: &TensorData, d_hidden: usize) -> TensorData {
        let rows = self.peephole_rows();
        let row = Orientation::InOut;
        let data = self.write(ours, [1, d_hidden], PEEPHOLE_ROWS, &rows, row);
        reshaped(data, vec![PEEPHOLE_ROWS * d_hidden])
    }

    fn peephole_rows(&self) -> Vec<GateBlock> {
        let row = |&row| GateBlock::at(row);
        self.peepholes.iter().map(row).collect()
    }

    fn read(
        &self,
        array: &Array<'_>,
        size: [usize; 2],
        blocks: usize,
        gates: &[GateBlock],
        orientation: Orientation,
    ) -> Result<TensorData, WeightsError> {
        let bytes = array.bytes()?;
        let place = Place {
            size,
            blocks,
            orientation,
        };
        Ok(match array.element() {
            ElementType::F64 => place.read::<f64>(&bytes, gates),
            ElementType::F16 => place.read::<f16>(&bytes, gates),
            ElementType::BF16 => place.read::<bf16>(&bytes, gates),
            // An array is of floats.
            ElementType::F32 | ElementType::Other(_) => place.read::<f32>(&bytes, gates),
        })
    }

    fn write(
        &self,
        ours: &TensorData,
        size: [usize; 2],
        blocks: usize,
        gates: &[GateBlock],
        orientation: Orientation,
    ) -> TensorData {
        let place = Place {
            size,
            blocks,
            orientation,
        };
        match ours.dtype() {
            DType::F64 => place.write::<f64>(ours, gates),
            DType::F16 => place.write::<f16>(ours, gates),
            DType::BF16 => place.write::<bf16>(ours, gates),
            DType::F32 => place.write::<f32>(ours, gates),
            _ => place.write::<f32>(&ours.clone().convert::<f32>(), gates),
        }
    }
}

/// A whole tensor as it is, of any number of dimensions.
pub(crate) fn read_tensor(array: &Array<'_>) -> Result<TensorData, WeightsError> {
    const WHOLE: Layout = Layout::whole(Orientation::InOut);
    let shape = array.shape().to_vec();
    // An array's bytes are those of its shape, so that the product is a number.
    let data = WHOLE.read_plain(array, 1, shape.iter().product())?;
    Ok(reshaped(data, shape))
}

/// A format's matrix: of blocks of `size[1]` columns that read `size[0]` features.
#[derive(Clone, Copy)]
struct Place {
    size: [usize; 2],
    blocks: usize,
    orientation: Orientation,
}

impl Place {
    /// Where a block lies in the format.
    fn block(&self, index: usize) -> Block {
        let [rows, width] = self.size;
        match self.orientation {
            Orientation::OutIn => Block {
                offset: index * width * rows,
                stride: rows,
            },
            Orientation::InOut => Block {
                offset: index * width,
                stride: self.blocks * width,
            },
        }
    }

    fn read<F: Float>(&self, bytes: &[u8], gates: &[GateBlock]) -> TensorData {
        let [rows, width] = self.size;
        let columns = gates.len() * width;
        // Memory that comes zeroed from the system is not written twice.
        let mut to = vec![F::default(); rows * columns];
        for (gate, place) in gates.iter().enumerate() {
            let source = (bytes, self.block(place.block));
            let offset = gate * width;
            let stride = columns;
            let target = (to.as_mut_slice(), Block { offset, stride });
            match self.orientation {
                Orientation::OutIn => transpose(source, target, [width, rows], place.negate),
                Orientation::InOut => copy(source, target, self.size, place.negate),
            }
        }
        TensorData::new(to, [rows, columns])
    }

    fn write<F: Float + Element>(&self, ours: &TensorData, gates: &[GateBlock]) -> TensorData {
        let [rows, width] = self.size;
        let stride = gates.len() * width;
        let mut to = vec![F::default(); rows * self.blocks * width];
        let little_endian = to_little_endian(ours.as_bytes(), F::SIZE);
        for (gate, place) in gates.iter().enumerate() {
            let offset = gate * width;
            let source = (little_endian.as_ref(), Block { offset, stride });
            let target = (to.as_mut_slice(), self.block(place.block));
            match self.orientation {
                Orientation::OutIn => transpose(source, target, self.size, place.negate),
                Orientation::InOut => copy(source, target, self.size, place.negate),
            }
        }
        let columns = self.blocks * width;
        let shape = match self.orientation {
            Orientation::OutIn => [columns, rows],
            Orientation::InOut => [rows, columns],
        };
        TensorData::new(to, shape)
    }
}

/// The bytes of numbers of `size` bytes each, as files have them.
pub(crate) fn to_little_endian(native: &[u8], size: usize) -> std::borrow::Cow<'_, [u8]> {
    if cfg!(target_endian = "little") {
        return native.into();
    }
    let mut bytes = native.to_vec();
    bytes.chunks_exact_mut(size).for_each(<[u8]>::reverse);
    bytes.into()
}

fn reshaped(data: TensorData, shape: Vec<usize>) -> TensorData {
    let (bytes, _, dtype) = data.into_parts();
    TensorData::from_bytes(bytes, shape, dtype)
}
