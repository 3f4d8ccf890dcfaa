//! The gradients of all parameters, each by itself.

use burn::module::{ModuleVisitor, Param};
use burn::tensor::{Gradients, Tensor};

/// Collects the gradients of all parameters.
pub struct Collector<'a> {
    pub gradients: &'a Gradients,
    pub results: Vec<(String, Tensor<1>)>,
}

impl Collector<'_> {
    pub fn put<const D: usize>(&mut self, name: &str, tensor: Tensor<D>) {
        let elements = tensor.shape().num_elements();
        self.results
            .push((name.to_owned(), tensor.reshape([elements])));
    }
}

impl ModuleVisitor for Collector<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let gradient = param.val().grad(self.gradients).expect("a gradient");
        self.put("gradient of a parameter", gradient);
    }
}
