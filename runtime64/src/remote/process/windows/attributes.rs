//! The attributes of a new process: the handles that it inherits, and the jobs that it starts in.

use std::io;
use std::ptr;

use windows_sys::Win32::Foundation::HANDLE;
use windows_sys::Win32::System::Threading::{
    DeleteProcThreadAttributeList, InitializeProcThreadAttributeList, LPPROC_THREAD_ATTRIBUTE_LIST,
    PROC_THREAD_ATTRIBUTE_HANDLE_LIST, PROC_THREAD_ATTRIBUTE_JOB_LIST, UpdateProcThreadAttribute,
};

/// The attributes of a new process: the handles that it inherits, to the exclusion of others, and the jobs that it
/// starts in.
pub(super) struct AttributeList<'a> {
    memory: Vec<u64>,
    _values: [&'a [HANDLE]; 2],
}

impl<'a> AttributeList<'a> {
    pub(super) fn new(inherited: &'a [HANDLE], jobs: &'a [HANDLE]) -> io::Result<Self> {
        let attributes = [(PROC_THREAD_ATTRIBUTE_HANDLE_LIST, inherited), (PROC_THREAD_ATTRIBUTE_JOB_LIST, jobs)];
        let mut bytes = 0;
        // SAFETY: the first call only queries the size. The memory has that size and the alignment of a pointer, and
        // moving the `Vec` does not move it. The values outlive the list, which borrows them.
        unsafe {
            let count = attributes.len() as u32;
            InitializeProcThreadAttributeList(ptr::null_mut(), count, 0, &raw mut bytes);
            let mut list = Self { memory: vec![0; bytes.div_ceil(size_of::<u64>())], _values: [inherited, jobs] };
            if InitializeProcThreadAttributeList(list.list(), count, 0, &raw mut bytes) == 0 {
                return Err(io::Error::last_os_error());
            }
            for (attribute, handles) in attributes.into_iter().filter(|(_, handles)| !handles.is_empty()) {
                let value = handles.as_ptr().cast();
                let size = size_of_val(handles);
                let (none, nothing) = (ptr::null_mut(), ptr::null());
                if UpdateProcThreadAttribute(list.list(), 0, attribute as usize, value, size, none, nothing) == 0 {
                    return Err(io::Error::last_os_error());
                }
            }
            Ok(list)
        }
    }

    pub(super) fn list(&mut self) -> LPPROC_THREAD_ATTRIBUTE_LIST {
        self.memory.as_mut_ptr().cast()
    }
}

impl Drop for AttributeList<'_> {
    fn drop(&mut self) {
        // SAFETY: the list was initialised, or is zeroed memory, which has nothing to delete.
        unsafe { DeleteProcThreadAttributeList(self.list()) };
    }
}
