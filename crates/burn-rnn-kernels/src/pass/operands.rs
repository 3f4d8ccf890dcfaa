//! What a scan reads, counted as its declaration says.

use smallvec::SmallVec;

/// The operands of most cells: so many need no allocation.
const MOST_AS_A_RULE: usize = 8;

/// The operands of a scan, those that are there: the input, the states, `w_input` and the bias, the parameters and the masks.
#[derive(Clone, Debug)]
pub struct Operands<T>(SmallVec<[Option<T>; MOST_AS_A_RULE]>);

impl<T> Operands<T> {
    /// Operands in their order.
    pub fn new(operands: Vec<Option<T>>) -> Self {
        Self(operands.into())
    }

    /// Adds the next operand.
    #[inline]
    pub fn push(&mut self, operand: Option<T>) {
        self.0.push(operand);
    }

    /// Puts another operand in the place of one.
    pub fn replace(&mut self, index: usize, operand: T) {
        self.0[index] = Some(operand);
    }

    /// The operand at `index`, where it is there.
    pub fn get(&self, index: usize) -> Option<&T> {
        self.0.get(index)?.as_ref()
    }

    /// The input.
    ///
    /// # Panics
    ///
    /// Where there is none.
    pub fn x(&self) -> &T {
        self.0[0].as_ref().expect("a scan has an input")
    }

    /// The number of operands, with those that are not there.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// All operands.
    pub fn iter(&self) -> impl Iterator<Item = Option<&T>> {
        self.0.iter().map(Option::as_ref)
    }

    /// The operands that are there.
    pub fn there(&self) -> impl Iterator<Item = &T> {
        self.0.iter().flatten()
    }

    /// A function of each operand that is there.
    pub fn map<U>(self, mut f: impl FnMut(T) -> U) -> Operands<U> {
        Operands(
            self.0
                .into_iter()
                .map(|operand| operand.map(&mut f))
                .collect(),
        )
    }

    /// As [`map`](Operands::map), of references.
    pub fn map_ref<'a, U>(&'a self, mut f: impl FnMut(&'a T) -> U) -> Operands<U> {
        Operands(
            self.0
                .iter()
                .map(|operand| operand.as_ref().map(&mut f))
                .collect(),
        )
    }

    /// As [`map`](Operands::map); none where the function gives none for any of them.
    pub fn try_map_ref<'a, U>(
        &'a self,
        mut f: impl FnMut(&'a T) -> Option<U>,
    ) -> Option<Operands<U>> {
        let mut all = SmallVec::with_capacity(self.0.len());
        for operand in &self.0 {
            all.push(match operand {
                Some(operand) => Some(f(operand)?),
                None => None,
            });
        }
        Some(Operands(all))
    }

    /// Pairs of the operands that are there on both sides.
    pub fn zip<U>(self, other: Operands<U>) -> Operands<(T, U)> {
        Operands(
            self.0
                .into_iter()
                .zip(other.0)
                .map(|(own, other)| own.zip(other))
                .collect(),
        )
    }

    /// The operands as they were given.
    pub fn into_inner(self) -> Vec<Option<T>> {
        self.0.into_vec()
    }
}

impl<T> FromIterator<Option<T>> for Operands<T> {
    fn from_iter<I: IntoIterator<Item = Option<T>>>(operands: I) -> Self {
        Self(operands.into_iter().collect())
    }
}
