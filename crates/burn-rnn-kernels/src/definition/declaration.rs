//! What a cell has: states, sums, products and parameters.

use super::regularized::MaskOf;

/// The number of units of a vector of the cell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Width {
    /// `d_hidden`.
    #[default]
    Hidden,
    /// `d_output`, of a cell that projects its hidden units to fewer.
    Output,
}

impl Width {
    pub(crate) const ALL: [Self; 2] = [Self::Hidden, Self::Output];

    /// The number of units, of a cell of these sizes.
    pub(crate) fn units(self, d_hidden: usize, d_output: usize) -> usize {
        match self {
            Self::Hidden => d_hidden,
            Self::Output => d_output,
        }
    }
}

/// What a cell has, in the order in which its equations count it and a caller passes it.
///
/// The operands of a scan are: the input, the states, `w_input` and the bias where there are inputs, the matrices, vectors
/// and scalars in the order of their declaration, and the masks.
///
/// State 0 is what the cell gives: its output.
#[derive(Clone, Debug, Default)]
pub struct Declaration {
    pub(crate) stages: Vec<Width>,
    pub(crate) states: Vec<State>,
    pub(crate) sums: Vec<SumDeclaration>,
    pub(crate) temps: Vec<Temp>,
    pub(crate) reductions: Vec<usize>,
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) masks: Vec<Mask>,
}

/// A tensor that is carried from step to step, of one or more vectors side by side: `[batch, vectors · width]`.
#[derive(Clone, Debug)]
pub(crate) struct State {
    /// The vectors, each counted as a state by the equations, and whether it is there.
    pub(crate) vectors: Vec<bool>,
    pub(crate) width: Width,
    pub(crate) initial: f32,
    /// The tensor of the state that this is a masked copy of, for products to read.
    pub(crate) copy_of: Option<usize>,
}

impl State {
    /// The number of vectors that are there.
    pub(crate) fn vectors_there(&self) -> usize {
        self.vectors.iter().filter(|&&there| there).count()
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct SumDeclaration {
    pub(crate) stage: usize,
    pub(crate) there: bool,
    pub(crate) input: bool,
    pub(crate) bias: bool,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Temp {
    pub(crate) stage: usize,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Mask {
    /// `[batch, time, width]`, not `[batch, width]`.
    pub(crate) by_step: bool,
    pub(crate) width: Width,
    pub(crate) of: MaskOf,
}

#[derive(Clone, Debug)]
pub(crate) struct Parameter {
    pub(crate) name: &'static str,
    pub(crate) kind: ParameterKind,
}

#[derive(Clone, Debug)]
pub(crate) enum ParameterKind {
    /// `[rows, blocks · width]`, or with heads `[heads, rows / heads, blocks · width / heads]`.
    Matrix {
        heads: Option<usize>,
        products: Vec<Product>,
    },
    /// `[there, d_hidden]`, or `[d_hidden]` where it is `flat`.
    Vectors { there: Vec<bool>, flat: bool },
    /// `[count]`.
    Scalars { count: usize },
}

impl ParameterKind {
    /// The rows of per-unit parameters that it counts as, a scalar as one.
    pub(crate) fn rows(&self) -> usize {
        match self {
            Self::Matrix { .. } => 0,
            Self::Vectors { there, .. } => there.len(),
            Self::Scalars { count } => *count,
        }
    }
}

/// What a product reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// A state before the step.
    State(usize),
    /// What an earlier stage left.
    Temp(usize),
}

/// A product of a vector with some rows and blocks of columns of a matrix, added to sums.
#[derive(Clone, Debug)]
pub struct Product {
    pub(crate) source: Source,
    pub(crate) sums: Vec<usize>,
    pub(crate) row_block: usize,
    pub(crate) block: Option<usize>,
    pub(crate) masked_like: Option<usize>,
}

impl Product {
    /// A product of a state as it was before the step.
    pub fn of_state(state: usize) -> Self {
        Self::of(Source::State(state))
    }

    /// A product of what an earlier stage left.
    pub fn of_temp(temp: usize) -> Self {
        Self::of(Source::Temp(temp))
    }

    fn of(source: Source) -> Self {
        Self {
            source,
            sums: Vec::new(),
            row_block: 0,
            block: None,
            masked_like: None,
        }
    }

    /// Whether it reads a state, or what stands for one.
    pub(crate) fn is_recurrent(&self) -> bool {
        matches!(self.source, Source::State(_)) || self.masked_like.is_some()
    }

    /// The sums of one stage that get a block of columns each, in the order of the blocks. Sums that are not there have no block.
    #[must_use]
    pub fn into_sums(mut self, sums: impl Into<Vec<usize>>) -> Self {
        self.sums = sums.into();
        self
    }

    /// What an earlier stage left stands for a state: variational dropout then masks it like that state, so that all that the cell's
    /// products read of the past is masked in one way. By default a temp is not masked.
    #[must_use]
    pub fn masked_like(mut self, state: usize) -> Self {
        self.masked_like = Some(state);
        self
    }

    /// The product takes the rows of the matrix from `row_block · width` on and its blocks of columns from `block` on. By default it
    /// takes the first rows, and the blocks after those of the product before it.
    #[must_use]
    pub fn at(mut self, row_block: usize, block: usize) -> Self {
        self.row_block = row_block;
        self.block = Some(block);
        self
    }
}

impl Declaration {
    /// The number of vectors of all tensors of states, as the equations count them.
    pub(crate) fn state_count(&self) -> usize {
        self.states.iter().map(|state| state.vectors.len()).sum()
    }

    /// The width of the state that the equations count as `index`, and whether it is there.
    pub(crate) fn carried(&self, index: usize) -> (Width, bool) {
        let of = |state: &State| {
            let width = state.width;
            let vectors = state.vectors.clone();
            vectors.into_iter().map(move |there| (width, there))
        };
        let found = self.states.iter().flat_map(of).nth(index);
        found.unwrap_or_else(|| {
            let count = self.state_count();
            panic!("there is no state {index}: {count} are declared")
        })
    }

    /// A cell of one stage, with nothing yet.
    pub fn new() -> Self {
        Self::stages(1)
    }

    /// A cell of so many stages, all of hidden units.
    pub fn stages(stages: usize) -> Self {
        Self {
            stages: vec![Width::Hidden; stages],
            ..Self::default()
        }
    }

    /// Adds a stage of output units: a projection.
    #[must_use]
    pub fn output_stage(mut self) -> Self {
        self.stages.push(Width::Output);
        self
    }

    /// Adds a state of hidden units that starts from zeros.
    #[must_use]
    pub fn state(self) -> Self {
        self.state_of(Width::Hidden, 0.0)
    }

    /// Adds a state that starts from a constant.
    #[must_use]
    pub fn state_of(mut self, width: Width, initial: f32) -> Self {
        self.states.push(State {
            vectors: vec![true],
            width,
            initial,
            copy_of: None,
        });
        self
    }

    /// Adds several states of hidden units that one tensor holds side by side, those that are there; all are counted.
    #[must_use]
    pub fn states_side_by_side(mut self, there: impl Into<Vec<bool>>) -> Self {
        self.states.push(State {
            vectors: there.into(),
            width: Width::Hidden,
            initial: 0.0,
            copy_of: None,
        });
        self
    }

    /// Adds a sum of a stage with a block of `w_input` and of the bias.
    #[must_use]
    pub fn input(self, stage: usize) -> Self {
        self.input_if(true, stage)
    }

    /// As [`input`](Declaration::input); where not `there` the sum is counted, but is zero and has no blocks.
    #[must_use]
    pub fn input_if(self, there: bool, stage: usize) -> Self {
        self.add_sum(stage, there, true, true)
    }

    /// Adds a sum of a stage with a block of `w_input` and none of the bias.
    #[must_use]
    pub fn input_without_bias(self, stage: usize) -> Self {
        self.add_sum(stage, true, true, false)
    }

    /// Adds a sum of a stage that only products go into.
    #[must_use]
    pub fn sum(self, stage: usize) -> Self {
        self.add_sum(stage, true, false, false)
    }

    fn add_sum(mut self, stage: usize, there: bool, input: bool, bias: bool) -> Self {
        self.sums.push(SumDeclaration {
            stage,
            there,
            input,
            bias,
        });
        self
    }

    /// Adds a value that a stage leaves for later ones.
    #[must_use]
    pub fn temp(mut self, stage: usize) -> Self {
        self.temps.push(Temp { stage });
        self
    }

    /// Adds the sum of a temp over all units, which later stages read.
    #[must_use]
    pub fn reduce(mut self, temp: usize) -> Self {
        self.reductions.push(temp);
        self
    }

    /// Adds a matrix `[rows, blocks · width]`.
    #[must_use]
    pub fn matrix(self, name: &'static str, products: impl Into<Vec<Product>>) -> Self {
        let products = products.into();
        self.parameter(
            name,
            ParameterKind::Matrix {
                heads: None,
                products,
            },
        )
    }

    /// Adds a block-diagonal matrix `[heads, width / heads, blocks · width / heads]`: the units of a head see those of the same head.
    #[must_use]
    pub fn heads(
        self,
        name: &'static str,
        heads: usize,
        products: impl Into<Vec<Product>>,
    ) -> Self {
        let (heads, products) = (Some(heads), products.into());
        self.parameter(name, ParameterKind::Matrix { heads, products })
    }

    /// Adds a value a hidden unit, `[d_hidden]`.
    #[must_use]
    pub fn vector(self, name: &'static str) -> Self {
        let there = vec![true];
        self.parameter(name, ParameterKind::Vectors { there, flat: true })
    }

    /// Adds rows of a value a hidden unit, `[rows, d_hidden]`, those that are there; all are counted.
    #[must_use]
    pub fn vectors(self, name: &'static str, there: impl Into<Vec<bool>>) -> Self {
        let there = there.into();
        self.parameter(name, ParameterKind::Vectors { there, flat: false })
    }

    /// Adds trainable scalars, `[count]`. The equations read them as rows, after those declared before.
    #[must_use]
    pub fn scalars(self, name: &'static str, count: usize) -> Self {
        self.parameter(name, ParameterKind::Scalars { count })
    }

    fn parameter(mut self, name: &'static str, kind: ParameterKind) -> Self {
        self.parameters.push(Parameter { name, kind });
        self
    }

    /// Adds a mask that is the same at all steps, `[batch, d_hidden]`.
    #[must_use]
    pub fn mask(mut self) -> Self {
        self.masks.push(Mask {
            by_step: false,
            width: Width::Hidden,
            of: MaskOf::Cell,
        });
        self
    }

    /// Adds a mask of its own for each step, `[batch, time, d_hidden]`.
    #[must_use]
    pub fn mask_by_step(mut self) -> Self {
        self.masks.push(Mask {
            by_step: true,
            width: Width::Hidden,
            of: MaskOf::Cell,
        });
        self
    }
}
