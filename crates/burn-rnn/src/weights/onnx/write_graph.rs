//! The nodes of a network that is written.

use super::encode::{Dim, FloatType, GraphMessage, int_attribute, ints_attribute};
use super::layouts::Kind;
use super::write_cell::{attributes, layer_settings, parameters};
use crate::weights::parts::{CellParts, LayerParts, NetworkParts, data};
use crate::{Head, HeadActivation, Merge};

/// A network while it is written.
pub(super) struct Writing<'g> {
    pub graph: &'g mut GraphMessage,
    /// What all names begin with.
    pub prefix: String,
    /// The name of the first layer's node.
    pub label: String,
    pub ty: FloatType,
    pub batch_first: bool,
}

impl Writing<'_> {
    fn name(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// The shape of a sequence of so many features.
    fn sequence(&self, features: usize) -> Vec<Dim> {
        let [batch, time] = [self.open("batch"), self.open("time")];
        let features = Dim::Fixed(features);
        match self.batch_first {
            true => vec![batch, time, features],
            false => vec![time, batch, features],
        }
    }

    /// Networks in one file have sizes of their own.
    fn open(&self, name: &str) -> Dim {
        Dim::Open(self.name(name))
    }

    /// Writes all of it, or says why ONNX has no such network.
    pub(super) fn network(
        &mut self,
        parts: &NetworkParts<'_>,
        head: Option<&Head>,
    ) -> Result<(), String> {
        let [input, output] = ["input", "output"].map(|name| self.name(name));
        let shape = self.sequence(parts.layers[0].forward.d_input);
        self.graph.input(&input, &shape, self.ty);
        let mut value = input.clone();
        if self.batch_first {
            value = self.swap(&value, "time_first");
        }
        // The number of sequences, for states that are left out.
        let batch = self.name("batch_size");
        let axis = usize::from(!self.batch_first);
        let range = [("start", axis as i64), ("end", axis as i64 + 1)]
            .map(|(name, value)| int_attribute(name, value));
        self.graph
            .node("Shape", &batch, &[&input], &[&batch], range.into());
        let mut width = 0;
        for (index, layer) in parts.layers.iter().enumerate() {
            (value, width) = self.layer(index, layer, &value, &batch)?;
        }
        if self.batch_first {
            value = self.swap(&value, "batch_first");
        }
        if let Some(head) = head {
            (value, width) = self.head(head, &value)?;
        }
        self.graph
            .node("Identity", &output, &[&value], &[&output], vec![]);
        let shape = self.sequence(width);
        self.graph.output(&output, &shape, self.ty);
        Ok(())
    }

    /// Swaps batch and time.
    fn swap(&mut self, value: &str, name: &str) -> String {
        let name = self.name(name);
        let order = ints_attribute("perm", &[1, 0, 2]);
        self.graph
            .node("Transpose", &name, &[value], &[&name], vec![order]);
        name
    }

    /// A layer, from `[time, batch, features]`; gives the name of its output and its number of features.
    fn layer(
        &mut self,
        index: usize,
        layer: &LayerParts<'_>,
        input: &str,
        batch: &str,
    ) -> Result<(String, usize), String> {
        let settings = layer_settings(layer)?;
        let cells: Vec<(&CellParts<'_>, _)> = core::iter::once(&layer.forward)
            .chain(&layer.backward)
            .zip(&settings)
            .collect();
        let d_hidden = layer.forward.d_hidden;
        let directions = cells.len();
        let kind = settings[0].kind;
        let mut inputs = vec![input.to_string()];
        let mut outputs = vec![self.name(&format!("y_l{index}"))];
        let mut peepholes = String::new();
        for (letter, shape, bytes) in parameters(&cells, self.ty)? {
            let name = self.name(&format!("{letter}_l{index}"));
            self.graph.raw(&name, &shape, &bytes, self.ty);
            match letter {
                "P" => peepholes = name,
                _ => inputs.push(name),
            }
        }
        // Inputs that are left out have no name: B, where it is, and sequence_lens.
        inputs.resize(5, String::new());
        let letters: &[&str] = match kind {
            Kind::Lstm => &["h", "c"],
            Kind::Rnn | Kind::Gru => &["h"],
        };
        for letter in letters {
            inputs.push(self.initial(letter, index, [directions, d_hidden], batch));
            outputs.push(self.name(&format!("final_{letter}_l{index}")));
        }
        if !peepholes.is_empty() {
            inputs.push(peepholes);
        }
        // The first layer's node has the network's name, which is what reading gives back.
        let node = match index {
            0 => self.label.clone(),
            _ => format!("{}.l{index}", self.label),
        };
        let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
        let names: Vec<&str> = outputs.iter().map(String::as_str).collect();
        let attributes = attributes(&settings, d_hidden);
        self.graph
            .node(kind.op(), &node, &inputs, &names, attributes);
        let state = [
            Dim::Fixed(directions),
            self.open("batch"),
            Dim::Fixed(d_hidden),
        ];
        for name in &names[1..] {
            self.graph.output(name, &state, self.ty);
        }
        let merge = layer.backward.as_ref().map(|_| layer.merge);
        Ok(self.merge(merge, names[0], index, d_hidden))
    }

    /// An input for a state of a layer, which is zeros where it is left out.
    fn initial(&mut self, letter: &str, index: usize, size: [usize; 2], batch: &str) -> String {
        let [directions, d_hidden] = size;
        let name = self.name(&format!("initial_{letter}_l{index}"));
        let zeros = vec![0; directions * d_hidden * self.ty.size()];
        self.graph
            .raw(&name, &[directions, 1, d_hidden], &zeros, self.ty);
        let state = [
            Dim::Fixed(directions),
            // Of its own, since the zeros are of one sequence.
            self.open(&format!("batch_of_{letter}_l{index}")),
            Dim::Fixed(d_hidden),
        ];
        self.graph.input(&name, &state, self.ty);
        let shape = self.name(&format!("shape_of_{letter}_l{index}"));
        let [first, last] = ["directions", "units"].map(|size| format!("{shape}_{size}"));
        self.graph.ints(&first, &[directions as i64]);
        self.graph.ints(&last, &[d_hidden as i64]);
        let axis = int_attribute("axis", 0);
        self.graph.node(
            "Concat",
            &shape,
            &[&first, batch, &last],
            &[&shape],
            vec![axis],
        );
        let expanded = self.name(&format!("start_{letter}_l{index}"));
        self.graph
            .node("Expand", &expanded, &[&name, &shape], &[&expanded], vec![]);
        expanded
    }

    /// `[time, directions, batch, hidden]` to `[time, batch, features]`.
    fn merge(
        &mut self,
        merge: Option<Merge>,
        y: &str,
        index: usize,
        d_hidden: usize,
    ) -> (String, usize) {
        let output = self.name(&format!("output_l{index}"));
        let list = self.name(&format!("axes_l{index}"));
        let reduce = match merge {
            None => "Squeeze",
            Some(Merge::Sum) => "ReduceSum",
            Some(Merge::Average) => "ReduceMean",
            Some(Merge::Product) => "ReduceProd",
            Some(Merge::Concat) => {
                let moved = self.name(&format!("moved_l{index}"));
                let order = ints_attribute("perm", &[0, 2, 1, 3]);
                self.graph
                    .node("Transpose", &moved, &[y], &[&moved], vec![order]);
                self.graph.ints(&list, &[0, 0, 2 * d_hidden as i64]);
                self.graph
                    .node("Reshape", &output, &[&moved, &list], &[&output], vec![]);
                return (output, 2 * d_hidden);
            }
        };
        self.graph.ints(&list, &[1]);
        let keep = merge.map(|_| int_attribute("keepdims", 0));
        self.graph.node(
            reduce,
            &output,
            &[y, &list],
            &[&output],
            keep.into_iter().collect(),
        );
        (output, d_hidden)
    }

    /// `h(c + V s)`; gives the name of the output and its number of features.
    fn head(&mut self, head: &Head, input: &str) -> Result<(String, usize), String> {
        let weight = data(&head.linear.weight);
        let bias = head.linear.bias.as_ref().map(data);
        let types = [Some(&weight), bias.as_ref()].into_iter().flatten();
        for data in types {
            if FloatType::of("", data.dtype()).ok() != Some(self.ty) {
                return Err(format!(
                    "its head is of {:?}, and it of another float type; cast one of them",
                    data.dtype()
                ));
            }
        }
        let [reads, gives] = [weight.shape()[0], weight.shape()[1]];
        let [v, c] = ["head.weight", "head.bias"].map(|name| self.name(name));
        self.graph.floats(&v, &[reads, gives], &weight, self.ty);
        let mut value = self.name("head.product");
        self.graph
            .node("MatMul", &value, &[input, &v], &[&value], vec![]);
        if let Some(bias) = bias {
            self.graph.floats(&c, &[gives], &bias, self.ty);
            let sum = self.name("head.sum");
            self.graph.node("Add", &sum, &[&value, &c], &[&sum], vec![]);
            value = sum;
        }
        let (op, attributes) = match head.activation {
            HeadActivation::Identity => return Ok((value, gives)),
            HeadActivation::Softmax => ("Softmax", vec![int_attribute("axis", -1)]),
            HeadActivation::Sigmoid => ("Sigmoid", vec![]),
            HeadActivation::Tanh => ("Tanh", vec![]),
        };
        let name = self.name("head.activation");
        self.graph.node(op, &name, &[&value], &[&name], attributes);
        Ok((name, gives))
    }
}
