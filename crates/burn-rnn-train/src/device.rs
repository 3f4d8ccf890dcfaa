//! Choosing a backend by name at run time, among those that the build has.

use burn::tensor::{Device, DeviceType};

use crate::TrainError;

type Make = fn() -> Device;

/// Every backend of this build, as its feature's name, what makes its first device, and its kind.
fn built() -> Vec<(&'static str, Make, DeviceType)> {
    vec![
        #[cfg(feature = "flex")]
        ("flex", Device::flex as Make, DeviceType::Flex),
        #[cfg(feature = "ndarray")]
        #[allow(deprecated)] // Burn 0.22 still has it, so users may still be on it.
        ("ndarray", Device::ndarray as Make, DeviceType::NdArray),
        #[cfg(feature = "wgpu")]
        (
            "wgpu",
            (|| Device::wgpu(Default::default())) as Make,
            DeviceType::Wgpu,
        ),
        #[cfg(feature = "vulkan")]
        (
            "vulkan",
            (|| Device::vulkan(Default::default())) as Make,
            DeviceType::Vulkan,
        ),
        #[cfg(feature = "metal")]
        (
            "metal",
            (|| Device::metal(Default::default())) as Make,
            DeviceType::Metal,
        ),
        #[cfg(feature = "webgpu")]
        (
            "webgpu",
            (|| Device::webgpu(Default::default())) as Make,
            DeviceType::WebGpu,
        ),
        #[cfg(feature = "cuda")]
        ("cuda", (|| Device::cuda(0usize)) as Make, DeviceType::Cuda),
        #[cfg(feature = "rocm")]
        ("rocm", (|| Device::rocm(0usize)) as Make, DeviceType::Rocm),
        #[cfg(feature = "cpu")]
        ("cpu", Device::cpu as Make, DeviceType::Cpu),
    ]
}

const KNOWN: &str = "flex, ndarray, wgpu, vulkan, metal, webgpu, cuda, rocm, cpu";

/// The device of the backend `name`, one of the crate's backend features; without a name the one
/// that the variable `BURN_DEVICE` names, and without that the first that the build has in Burn's
/// order, GPUs before CPUs.
///
/// # Errors
///
/// Where the build has no such backend; the message tells those that it has.
pub fn device(name: Option<&str>) -> Result<Device, TrainError> {
    let built = built();
    let available = || {
        let names: Vec<_> = built.iter().map(|(name, ..)| *name).collect();
        if names.is_empty() {
            "no backend".to_owned()
        } else {
            names.join(", ")
        }
    };
    let from_environment = std::env::var("BURN_DEVICE").ok();
    let Some(name) = name.or(from_environment.as_deref()) else {
        if built.is_empty() {
            return Err(unknown("none", available()));
        }
        return Ok(Device::default());
    };
    let found = built.iter().find(|(other, ..)| *other == name);
    match found {
        Some((_, make, _)) => Ok(make()),
        None => Err(unknown(name, available())),
    }
}

/// `count` devices of the backend of `main`, `main` the first of them; where it has fewer (a CPU is one
/// device), they are taken in turn.
pub(crate) fn several(main: &Device, count: usize) -> Vec<Device> {
    let mut devices = vec![main.clone()];
    if count > 1 {
        let others = built().into_iter().map(|(.., kind)| {
            let devices: Vec<Device> = Device::enumerate(kind).into_iter().collect();
            devices
        });
        let mut backend = others.filter(|devices| devices.contains(main));
        let others = backend.next().unwrap_or_default();
        devices.extend(others.into_iter().filter(|device| device != main));
    }
    devices.iter().cycle().take(count).cloned().collect()
}

fn unknown(given: &str, available: String) -> TrainError {
    TrainError::Device {
        given: given.to_owned(),
        available,
        known: KNOWN.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_backend_makes_a_device_and_others_are_told() {
        #[cfg(feature = "flex")]
        assert_eq!(device(Some("flex")).unwrap(), Device::flex());
        #[cfg(feature = "flex")]
        assert_eq!(
            several(&Device::flex(), 2),
            [Device::flex(), Device::flex()]
        );
        let error = device(Some("abacus")).unwrap_err().to_string();
        assert!(error.contains("abacus"), "{error}");
        #[cfg(feature = "flex")]
        assert!(error.contains("built with flex"), "{error}");
    }
}
