//! The backends that this build has.

use burn::tensor::{DType, Device};

/// A backend to test on.
pub struct Backend {
    pub name: &'static str,
    pub device: Device,
    /// What its `exp` and `tanh` are good for, relative to the largest value of a tensor.
    pub tolerance: f32,
    /// Whether the fused engine runs on it.
    pub is_fused: bool,
}

impl Backend {
    /// The float types beside `f32` that it computes in.
    pub fn other_types(&self) -> &'static [DType] {
        match self.name {
            "flex" => &[DType::F64, DType::F16, DType::BF16],
            "ndarray" => &[DType::F64],
            _ => &[],
        }
    }

    /// All float types that it computes in.
    pub fn types(&self) -> impl Iterator<Item = DType> {
        let others = self.other_types().iter().copied();
        core::iter::once(DType::F32).chain(others)
    }
}

/// Every backend whose feature is on.
pub fn all() -> Vec<Backend> {
    let backends = vec![
        #[cfg(feature = "flex")]
        Backend {
            name: "flex",
            device: Device::flex(),
            tolerance: 1e-5,
            is_fused: true,
        },
        #[cfg(feature = "ndarray")]
        Backend {
            name: "ndarray",
            #[allow(deprecated)] // Burn 0.22 still has it, so users may still be on it.
            device: Device::ndarray(),
            tolerance: 1e-5,
            is_fused: true,
        },
        #[cfg(feature = "wgpu")]
        Backend {
            name: "wgpu",
            device: Device::wgpu(Default::default()),
            tolerance: 1e-5,
            is_fused: false,
        },
    ];
    assert!(
        !backends.is_empty(),
        "no backend: switch on flex, ndarray or wgpu"
    );
    backends
}

/// Runs `test` on every backend, telling which.
pub fn each(test: impl Fn(&Backend)) {
    for backend in all() {
        println!("backend {}", backend.name);
        test(&backend);
    }
}
