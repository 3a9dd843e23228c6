//! Memory allocated for the host, on a link without shared memory.

use std::collections::HashMap;

use protocol::{Allocate, Fault, FaultKind};

/// The current allocations, by address. Scripts use them by their addresses only, so none of them moves.
#[derive(Default)]
pub(crate) struct Allocations(HashMap<u64, Vec<u8>>);

impl Allocations {
    /// Allocates zeroed memory and returns its address.
    pub(crate) fn allocate(&mut self, request: &Allocate) -> Result<u64, Fault> {
        let refused = || Fault::new(FaultKind::Memory, format!("the worker cannot allocate {} bytes", request.bytes));
        let align = usize::try_from(request.align)
            .ok()
            .filter(|align| align.is_power_of_two())
            .ok_or_else(|| Fault::new(FaultKind::Protocol, format!("{} is not a valid alignment", request.align)))?;
        let bytes =
            usize::try_from(request.bytes).ok().and_then(|bytes| bytes.checked_add(align)).ok_or_else(refused)?;
        let mut memory = Vec::new();
        memory.try_reserve_exact(bytes).map_err(|_| refused())?;
        memory.resize(bytes, 0);
        let address = memory.as_ptr().addr().next_multiple_of(align) as u64;
        self.0.insert(address, memory);
        Ok(address)
    }

    /// Frees memory.
    pub(crate) fn release(&mut self, address: u64) -> Result<(), Fault> {
        match self.0.remove(&address) {
            Some(_) => Ok(()),
            None => Err(Fault::new(FaultKind::Protocol, format!("no allocation exists at {address:#010x}"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_aligned_and_freed_once() {
        let mut allocations = Allocations::default();
        for align in [1, 16, 4096] {
            let address = allocations.allocate(&Allocate { bytes: 24, align }).unwrap();
            assert_eq!(address % align, 0);
            assert_eq!(allocations.release(address), Ok(()));
            assert!(allocations.release(address).is_err());
        }
    }

    #[test]
    fn a_failed_allocation_is_a_fault() {
        let mut allocations = Allocations::default();
        for (bytes, align, kind) in
            [(u64::MAX, 16, FaultKind::Memory), (16, 3, FaultKind::Protocol), (16, 0, FaultKind::Protocol)]
        {
            assert_eq!(allocations.allocate(&Allocate { bytes, align }).unwrap_err().kind, kind);
        }
    }
}
