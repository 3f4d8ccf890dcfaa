//! What regularizers do to the states, the candidate and what products read, of any cell: the same equations run, and what they set is
//! changed after them.

use super::declaration::{Declaration, Mask, ParameterKind, Product, Source, State, Temp, Width};
use super::limits::{MOST_STATES, MOST_TEMPS};

/// The regularizers that work inside a step.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Regularizers {
    /// Whether what recurrent products read of a state is masked, the same at all steps and for all gates.
    pub variational: bool,
    /// Whether the candidate is masked, at each step anew.
    pub recurrent_dropout: bool,
    /// Zoneout of the output.
    pub zoneout: Zoneout,
    /// Zoneout of the other states.
    pub zoneout_cell: Zoneout,
}

/// How much of a state stays as it was before the step.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Zoneout {
    /// Nothing.
    #[default]
    Off,
    /// The units whose mask is one.
    Drawn,
    /// This share of every unit.
    Expected(f32),
}

/// What a mask is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MaskOf {
    /// The definition's own.
    Cell,
    /// What products read of a state, by its tensor.
    Source(usize),
    /// The candidate.
    Candidate,
    /// The units of a state that stay as they were, by its tensor: ones there, zeros elsewhere.
    Kept(usize),
}

/// What regularizers do beside the equations.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Rules {
    /// What becomes of each state after the equations have set it.
    pub(crate) states: [StateRule; MOST_STATES],
    /// The copy of each temp that products read instead.
    pub(crate) temps: [Option<Copied>; MOST_TEMPS],
    /// The mask of the candidate.
    pub(crate) candidate: Option<usize>,
    /// Whether states or temps are changed after the equations: asked for in every run, a step of a stream too.
    pub(crate) are_some: bool,
}

/// What becomes of a state.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct StateRule {
    /// The share that stays as it was.
    pub(crate) kept: Kept,
    /// The copy that products read instead.
    pub(crate) copy: Option<Copied>,
}

/// The share of a state before the step that stays.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) enum Kept {
    #[default]
    Nothing,
    Masked(usize),
    Share(f32),
}

/// A copy times a mask: a state or a temp of its own.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Copied {
    pub(crate) to: usize,
    pub(crate) mask: usize,
}

impl Rules {
    /// The rules of states that there are any for.
    pub(crate) fn states(&self) -> impl Iterator<Item = (usize, StateRule)> + '_ {
        let states = self.states.iter().copied().enumerate();
        states.filter(|(_, rule)| rule.kept != Kept::Nothing || rule.copy.is_some())
    }

    /// The temps that are copied, each with its copy.
    pub(crate) fn temps(&self) -> impl Iterator<Item = (usize, Copied)> + '_ {
        let temps = self.temps.iter().enumerate();
        temps.filter_map(|(temp, copied)| Some((temp, (*copied)?)))
    }

    /// Whether a state is a copy.
    pub(crate) fn is_copied_state(&self, state: usize) -> bool {
        self.states()
            .any(|(_, rule)| rule.copy.is_some_and(|copied| copied.to == state))
    }

    /// Whether a temp is a copy.
    pub(crate) fn is_copied_temp(&self, temp: usize) -> bool {
        self.temps().any(|(_, copied)| copied.to == temp)
    }
}

/// The states of a declaration that zoneout works on beside the output: those alone in their tensor; none where a state starts from another
/// value than zero, since such states depend on each other.
pub(crate) fn zoned_states(declaration: &Declaration) -> Vec<usize> {
    let others = declaration.states.get(1..).unwrap_or_default();
    if others.iter().any(|state| state.initial != 0.0) {
        return Vec::new();
    }
    let alone = |&state: &usize| alone(declaration, state).is_some();
    (1..declaration.state_count()).filter(alone).collect()
}

/// The states whose masks products have, in order: a product of a temp has the mask of the state that it stands for.
pub(crate) fn masked_states(declaration: &Declaration) -> Vec<usize> {
    let products = declaration.parameters.iter().flat_map(products_of);
    let states = products.filter_map(|product| masked_state(declaration, product));
    let mut states: Vec<usize> = states.collect();
    states.sort_unstable();
    states.dedup();
    states
}

fn products_of(parameter: &super::declaration::Parameter) -> &[Product] {
    match &parameter.kind {
        ParameterKind::Matrix { products, .. } => products,
        _ => &[],
    }
}

fn masked_state(declaration: &Declaration, product: &Product) -> Option<usize> {
    let state = match product.source {
        Source::State(state) => Some(state),
        Source::Temp(_) => product.masked_like,
    };
    let starts_from_zeros = |state: &usize| {
        let tensor = alone(declaration, *state);
        tensor.is_some_and(|tensor| declaration.states[tensor].initial == 0.0)
    };
    state.filter(starts_from_zeros)
}

/// The tensor of a state, where it is the only vector there.
fn alone(declaration: &Declaration, state: usize) -> Option<usize> {
    let mut first = 0;
    for (index, tensor) in declaration.states.iter().enumerate() {
        let vectors = tensor.vectors.len();
        if state < first + vectors {
            return (vectors == 1).then_some(index);
        }
        first += vectors;
    }
    None
}

/// The declaration with what the regularizers need, and what they do.
pub(crate) fn regularize(mut declaration: Declaration, with: Regularizers) -> (Declaration, Rules) {
    let mut rules = Rules::default();
    let tensor = |declaration: &Declaration, state| {
        alone(declaration, state).expect("regularized states are alone in their tensors")
    };
    let mask = |declaration: &mut Declaration, of: MaskOf, by_step: bool, width: Width| {
        declaration.masks.push(Mask { by_step, width, of });
        declaration.masks.len() - 1
    };
    // Before there are copies, which are made of what is kept.
    let others = zoned_states(&declaration);
    if with.variational {
        for state in masked_states(&declaration) {
            let (width, tensor) = (declaration.carried(state).0, tensor(&declaration, state));
            let mask = mask(&mut declaration, MaskOf::Source(tensor), false, width);
            mask_products(&mut declaration, &mut rules, state, mask);
        }
    }
    if with.recurrent_dropout {
        rules.candidate = Some(mask(
            &mut declaration,
            MaskOf::Candidate,
            true,
            Width::Hidden,
        ));
    }
    let others = others.into_iter().map(|state| (state, with.zoneout_cell));
    for (state, zoneout) in core::iter::once((0, with.zoneout)).chain(others) {
        match zoneout {
            // Nothing is asked of a declaration that is still to be checked.
            Zoneout::Off => {}
            Zoneout::Drawn => {
                let (width, tensor) = (declaration.carried(state).0, tensor(&declaration, state));
                let mask = mask(&mut declaration, MaskOf::Kept(tensor), true, width);
                rules.states[state].kept = Kept::Masked(mask);
            }
            Zoneout::Expected(share) => rules.states[state].kept = Kept::Share(share),
        }
    }
    rules.are_some = rules.states().next().is_some() || rules.temps().next().is_some();
    (declaration, rules)
}

/// Has products read masked copies of a state, and of the temps that stand for it.
fn mask_products(declaration: &mut Declaration, rules: &mut Rules, state: usize, mask: usize) {
    let reading: Vec<(usize, usize)> = {
        let parameters = declaration.parameters.iter().enumerate();
        let products = parameters.flat_map(|(parameter, declared)| {
            let products = products_of(declared).iter().enumerate();
            products.map(move |(product, declared)| (parameter, product, declared))
        });
        products
            .filter(|(_, _, product)| masked_state(declaration, product) == Some(state))
            .map(|(parameter, product, _)| (parameter, product))
            .collect()
    };
    for (parameter, product) in reading {
        let source = match &declaration.parameters[parameter].kind {
            ParameterKind::Matrix { products, .. } => products[product].source,
            _ => unreachable!("products are those of matrices"),
        };
        let source = match source {
            Source::State(state) => {
                let copy = rules.states[state].copy.get_or_insert_with(|| {
                    let width = declaration.carried(state).0;
                    let copy_of = alone(declaration, state);
                    let to = declaration.state_count();
                    declaration.states.push(State {
                        vectors: vec![true],
                        width,
                        initial: 0.0,
                        copy_of,
                    });
                    Copied { to, mask }
                });
                Source::State(copy.to)
            }
            Source::Temp(temp) => {
                let copy = rules.temps[temp].get_or_insert_with(|| {
                    let stage = declaration.temps[temp].stage;
                    declaration.temps.push(Temp { stage });
                    Copied {
                        to: declaration.temps.len() - 1,
                        mask,
                    }
                });
                Source::Temp(copy.to)
            }
        };
        if let ParameterKind::Matrix { products, .. } = &mut declaration.parameters[parameter].kind
        {
            products[product].source = source;
        }
    }
}
