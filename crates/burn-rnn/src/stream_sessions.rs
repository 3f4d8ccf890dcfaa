//! The rows of a stream as sessions that come and go.

use burn::tensor::{DType, Tensor};

use crate::{Cell, DirectionalState, RecurrentState, State, Stream, StreamError};

impl<C: Cell> Stream<C> {
    /// The state after the last step, for [`Recurrent::step`](crate::Recurrent::step) and
    /// [`Recurrent::forward`](crate::Recurrent::forward) or to keep.
    pub fn state(&self) -> RecurrentState<C::State> {
        self.engine.read(&self.network, 0..self.batch)
    }

    /// Goes on from a state, for instance one of [`Recurrent::forward`](crate::Recurrent::forward) over what came before.
    ///
    /// # Panics
    ///
    /// Where it does not fit the network and the batch, has another direction, or is not of the parameters' type; the message shows both.
    pub fn set_state(&mut self, state: RecurrentState<C::State>) {
        let state = self.fitting(state, self.batch);
        let state = state.unwrap_or_else(|error| panic!("{error}"));
        self.engine.write(0, state);
    }

    /// Starts again from the cell's initial state, zeros as a rule, as for new sequences.
    pub fn reset(&mut self) {
        let rows: Vec<usize> = (0..self.batch).collect();
        self.engine.reset_rows(&self.network, self.batch, &rows);
    }

    /// Starts some rows again, as for new sequences; the others go on.
    ///
    /// # Errors
    ///
    /// Where there is no such row.
    pub fn reset_rows(&mut self, rows: &[usize]) -> Result<(), StreamError> {
        rows.iter().try_for_each(|&row| self.check_row(row))?;
        self.engine.reset_rows(&self.network, self.batch, rows);
        Ok(())
    }

    /// Takes a sequence out: its state, of batch 1, for [`put`](Stream::put) into any stream of the same network. The row starts
    /// again, as for a new sequence.
    ///
    /// ```
    /// use burn::tensor::Device;
    /// use burn_rnn::GruConfig;
    ///
    /// let gru = GruConfig::new(1, 8).init(&Device::default());
    /// let mut stream = gru.stream(2);
    /// stream.step_floats(&[0.5, 0.7]);
    /// let away = stream.take(1)?; // The second session has nothing to say for a while,
    /// stream.step_floats(&[0.4, 0.9]); // its row is a new one's,
    /// stream.put(0, away)?; // and it goes on in the place of the first.
    /// # Ok::<(), burn_rnn::StreamError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Where there is no such row.
    pub fn take(&mut self, row: usize) -> Result<RecurrentState<C::State>, StreamError> {
        self.check_row(row)?;
        let state = self.engine.read(&self.network, row..row + 1);
        self.engine.reset_rows(&self.network, self.batch, &[row]);
        Ok(state)
    }

    /// Puts a sequence in the place of a row's, by its state of batch 1; the other rows go on.
    ///
    /// # Errors
    ///
    /// Where there is no such row, or the state is of more sequences, does not fit the network, or is not of the parameters' type. The
    /// row's own sequence then goes on.
    pub fn put(&mut self, row: usize, state: RecurrentState<C::State>) -> Result<(), StreamError> {
        self.check_row(row)?;
        let state = self.fitting(state, 1)?;
        self.engine.write(row, state);
        Ok(())
    }

    pub(crate) fn check_row(&self, row: usize) -> Result<(), StreamError> {
        let batch = self.batch;
        if row < batch {
            return Ok(());
        }
        Err(StreamError::Row { row, batch })
    }

    /// The state of so many sequences with all tensors that the network carries, or why it is none. Gates that are not given are zeros.
    fn fitting(
        &self,
        state: RecurrentState<C::State>,
        batch: usize,
    ) -> Result<RecurrentState<C::State>, StreamError> {
        let layers = &self.network.stack.layers;
        let (given, expected) = (state.layers.len(), layers.len());
        if given != expected {
            return Err(StreamError::Layers { given, expected });
        }
        let mut full = Vec::with_capacity(expected);
        for (index, (layer, given)) in layers.iter().zip(state.layers).enumerate() {
            let (cell, initial) = (layer.forward.name(), layer.forward.zero_state(batch));
            if given.backward.is_some() {
                return Err(StreamError::Directions { cell });
            }
            check_shapes(cell, index, given.forward.shapes(), initial.shapes())?;
            let mut tensors = Vec::new();
            given.forward.map(&mut |tensor| {
                tensors.push(tensor.clone());
                tensor
            });
            let mut types = tensors.iter().map(Tensor::dtype);
            types.try_for_each(|given| self.check_type(given))?;
            let mut tensors = tensors.into_iter();
            full.push(DirectionalState {
                forward: initial.map(&mut |initial| tensors.next().unwrap_or(initial)),
                backward: None,
            });
        }
        Ok(RecurrentState { layers: full })
    }

    pub(crate) fn check_type(&self, given: DType) -> Result<(), StreamError> {
        let expected = self.dtype;
        if given == expected {
            return Ok(());
        }
        Err(StreamError::FloatType { given, expected })
    }
}

/// Compares the shapes of a layer's state with those that the cell carries, of which the last ones, an LSTM's gates, may be left out.
pub(crate) fn check_shapes(
    cell: &'static str,
    layer: usize,
    given: Vec<[usize; 2]>,
    expected: Vec<[usize; 2]>,
) -> Result<(), StreamError> {
    let misfit = given
        .iter()
        .zip(&expected)
        .find(|(given, expected)| given != expected);
    if let Some((&given, &expected)) = misfit {
        return Err(StreamError::Shape {
            cell,
            layer,
            given,
            expected,
        });
    }
    if given.len() > expected.len() {
        return Err(StreamError::Tensors {
            cell,
            layer,
            given,
            expected,
        });
    }
    Ok(())
}
