//! The requests that run no library function, and their handlers.

use protocol::link::{self, CallState, LinkError};
use protocol::{
    Allocate, Allocated, Attach, Call, DescribeLastError, Fault, FaultKind, FindSymbol, FoundSymbol, Function, Hello,
    Identity, Library, Machine, MapSegment, Mapped, OpenDefaultLibrary, OpenLibrary, Platform, Prepare,
    PrepareSignature, PreparedSignature, ReadString, Release, SetErrors, VERSION, Value, WriteMemory, decode,
};
use serde::de::DeserializeOwned;

use crate::allocations::Allocations;
use crate::conversation::{malformed, send};
use crate::invoke::{ErrorNumbers, Prepared};
use crate::library::Libraries;
use crate::link::Link;
use crate::segments::Segments;
use crate::{memory, output, process};

/// The state that a worker keeps between requests.
#[derive(Default)]
pub(crate) struct Server {
    greeted: bool,
    libraries: Libraries,
    /// They live as long as the process, as their ids do.
    functions: Vec<&'static Prepared>,
    errors: ErrorNumbers,
    segments: Option<Segments>,
    allocations: Allocations,
}

impl Server {
    /// Whether the host has sent its greeting.
    pub(crate) fn is_greeted(&self) -> bool {
        self.greeted
    }

    /// Stores the memory shared with the host.
    pub(crate) fn share(&mut self, segments: Segments) {
        self.segments = Some(segments);
    }

    /// The error numbers for the next call.
    pub(crate) fn errors(&self) -> ErrorNumbers {
        self.errors
    }

    /// Stores the error numbers after a call.
    pub(crate) fn set_errors(&mut self, errors: ErrorNumbers) {
        self.errors = errors;
    }

    /// A prepared function.
    #[inline]
    pub(crate) fn function(&self, id: u32) -> Result<&'static Prepared, Fault> {
        let function = self.functions.get(id as usize).copied();
        function.ok_or_else(|| Fault::new(FaultKind::Protocol, format!("there is no function number {id}")))
    }

    /// Answers one request.
    pub(crate) fn answer(&mut self, kind: u8, payload: &[u8], link: &mut Link) -> Result<(), LinkError> {
        if !self.greeted && kind != Hello::NUMBER {
            let fault = Fault::new(FaultKind::Protocol, "the first request must be the greeting");
            return link.send(link::FAULT, &fault);
        }
        match kind {
            Hello::NUMBER => self.respond(payload, link, Self::greet),
            OpenLibrary::NUMBER => self.respond(payload, link, Self::open_library),
            OpenDefaultLibrary::NUMBER => self.respond(payload, link, Self::open_default_library),
            Prepare::NUMBER => self.respond(payload, link, Self::prepare),
            SetErrors::NUMBER => self.respond(payload, link, Self::change_errors),
            ReadString::NUMBER => self.respond(payload, link, Self::read_string),
            DescribeLastError::NUMBER => self.respond(payload, link, Self::describe_last_error),
            MapSegment::NUMBER => self.respond(payload, link, Self::map_segment),
            WriteMemory::NUMBER => self.respond(payload, link, Self::write_memory),
            Allocate::NUMBER => self.respond(payload, link, Self::allocate),
            Release::NUMBER => self.respond(payload, link, Self::release),
            PrepareSignature::NUMBER => self.respond(payload, link, Self::prepare_signature),
            FindSymbol::NUMBER => self.respond(payload, link, Self::find_symbol),
            Attach::NUMBER => link.send(link::FAULT, &Fault::new(FaultKind::Protocol, "the link is already settled")),
            unknown => {
                let fault = Fault::new(FaultKind::Protocol, format!("there is no request number {unknown}"));
                link.send(link::FAULT, &fault)
            }
        }
    }

    fn respond<C: Call + DeserializeOwned>(
        &mut self,
        payload: &[u8],
        link: &mut Link,
        handle: impl FnOnce(&mut Self, &C) -> Result<C::Reply, Fault>,
    ) -> Result<(), LinkError> {
        let request = decode::<C>(payload);
        link.publish(CallState::Running);
        let outcome = request.map_err(malformed).and_then(|request| handle(self, &request));
        send(link, &outcome)
    }

    pub(crate) fn greet(&mut self, _: &Hello) -> Result<Identity, Fault> {
        // A host of another version detects that from the identity, and closes.
        self.greeted = true;
        Ok(Identity {
            version: VERSION,
            pointer_bits: usize::BITS as u8,
            platform: if cfg!(windows) { Platform::Windows } else { Platform::Linux },
            machine: if cfg!(target_arch = "x86") { Machine::I386 } else { Machine::X86_64 },
            process: std::process::id(),
        })
    }

    fn open_library(&mut self, request: &OpenLibrary) -> Result<Library, Fault> {
        let id = self.libraries.open(request)?;
        output::prepare_new_runtime();
        output::flush();
        Ok(Library { id })
    }

    fn open_default_library(&mut self, _: &OpenDefaultLibrary) -> Result<Library, Fault> {
        Ok(Library { id: self.libraries.open_default()? })
    }

    fn prepare(&mut self, request: &Prepare) -> Result<Function, Fault> {
        let (symbol, address) = self.libraries.resolve(request.library, &request.symbols)?;
        let id = self.keep(Prepared::new(address, request.signature.clone())?)?;
        Ok(Function { id, address: address.addr() as u64, symbol })
    }

    fn prepare_signature(&mut self, request: &PrepareSignature) -> Result<PreparedSignature, Fault> {
        let known = self.functions.iter().position(|function| function.is_signature(&request.signature));
        let id = match known {
            Some(id) => id as u32,
            None => self.keep(Prepared::new(std::ptr::null_mut(), request.signature.clone())?)?,
        };
        Ok(PreparedSignature { id })
    }

    fn keep(&mut self, function: Prepared) -> Result<u32, Fault> {
        let id = u32::try_from(self.functions.len())
            .map_err(|_| Fault::new(FaultKind::Protocol, "too many functions are prepared"))?;
        self.functions.push(Box::leak(Box::new(function)));
        Ok(id)
    }

    fn find_symbol(&mut self, request: &FindSymbol) -> Result<FoundSymbol, Fault> {
        let (symbol, address) = self.libraries.resolve(request.library, &request.symbols)?;
        Ok(FoundSymbol { address: address.addr() as u64, symbol })
    }

    fn change_errors(&mut self, request: &SetErrors) -> Result<(), Fault> {
        self.errors.errno = request.errno.unwrap_or(self.errors.errno);
        self.errors.last_error = request.last_error.unwrap_or(self.errors.last_error);
        Ok(())
    }

    fn describe_last_error(&mut self, request: &DescribeLastError) -> Result<Value, Fault> {
        Ok(process::last_error_text(request.code).map_or(Value::Nil, |text| Value::Bytes(text.into_bytes())))
    }

    fn read_string(&mut self, request: &ReadString) -> Result<Value, Fault> {
        memory::read_string(request.address, request.length).map(Value::Bytes)
    }

    fn map_segment(&mut self, request: &MapSegment) -> Result<Mapped, Fault> {
        match &mut self.segments {
            Some(segments) => segments.map(request),
            None => Err(Fault::new(FaultKind::Protocol, "there is no shared memory")),
        }
    }

    fn write_memory(&mut self, request: &WriteMemory) -> Result<(), Fault> {
        memory::write(request.address, &request.bytes)
    }

    fn allocate(&mut self, request: &Allocate) -> Result<Allocated, Fault> {
        Ok(Allocated { address: self.allocations.allocate(request)? })
    }

    fn release(&mut self, request: &Release) -> Result<(), Fault> {
        self.allocations.release(request.address)
    }
}
