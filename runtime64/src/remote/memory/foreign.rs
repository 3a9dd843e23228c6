//! STUB to be replaced by H2.
use crate::remote::Access;
#[derive(Debug)]
pub(in crate::remote) struct Foreign;
#[derive(Debug)]
pub(in crate::remote) enum AccessError {
    Unmapped { address: u64, access: Access },
    Refused,
}
impl Foreign {
    pub(in crate::remote) fn refused() -> Self {
        Self
    }
    pub(in crate::remote) fn of_process(_: u32) -> Self {
        Self
    }
    pub(in crate::remote) fn of_mapping(_: u64, _: u64) -> Self {
        Self
    }
    #[cfg(windows)]
    pub(in crate::remote) fn of_handle(_: std::os::windows::io::OwnedHandle) -> Self {
        Self
    }
    pub(in crate::remote) fn read(&self, address: u64, _: &mut [u8]) -> Result<(), AccessError> {
        if address == 1 {
            return Err(AccessError::Unmapped { address, access: Access::Read });
        }
        Err(AccessError::Refused)
    }
    pub(in crate::remote) fn write(&self, _: u64, _: &[u8]) -> Result<(), AccessError> {
        Err(AccessError::Refused)
    }
    pub(in crate::remote) fn read_to_zero(&self, _: u64, _: usize) -> Result<Option<Vec<u8>>, AccessError> {
        Err(AccessError::Refused)
    }
}
