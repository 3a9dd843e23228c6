//! What a worker answers that keeps to the protocol, though it calls nothing.

use protocol::{
    Allocate, Allocated, AwaitJob, BatchOutcome, Call, Callbacks, CancelJob, CreateCallbacks, DescribeLastError,
    FindSymbol, FoundSymbol, Function, Hello, Identity, Invoke, InvokeBatch, Job, JobState, Library, Machine,
    MapSegment, Mapped, OpenDefaultLibrary, OpenLibrary, Outcome, Platform, Poll, Prepare, PrepareSignature,
    PreparedSignature, ReadString, Served, Signature, StartJob, Type, VERSION, Value, decode, decode_invoke, encode,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Where everything lies that such a worker has.
pub(crate) const ADDRESS: u64 = 0x10_0000;

/// What it keeps between requests.
#[derive(Default)]
pub(crate) struct Honest {
    functions: Vec<Signature>,
    callbacks: u32,
    /// Which function each job calls.
    jobs: Vec<u32>,
}

impl Honest {
    /// The reply to a request.
    pub(crate) fn answer(&mut self, kind: u8, payload: &[u8]) -> Vec<u8> {
        match kind {
            Hello::NUMBER => reply(&identity()),
            OpenLibrary::NUMBER | OpenDefaultLibrary::NUMBER => reply(&Library { id: 0 }),
            Prepare::NUMBER => {
                let Prepare { symbols, signature, .. } = request(payload);
                reply(&Function { id: self.keep(signature), address: ADDRESS, symbol: symbols[0].clone() })
            }
            PrepareSignature::NUMBER => {
                let PrepareSignature { signature } = request(payload);
                reply(&PreparedSignature { id: self.keep(signature) })
            }
            FindSymbol::NUMBER => {
                let FindSymbol { symbols, .. } = request(payload);
                reply(&FoundSymbol { address: ADDRESS, symbol: symbols[0].clone() })
            }
            Invoke::NUMBER => reply(&self.outcome(called(payload))),
            InvokeBatch::NUMBER => {
                let InvokeBatch { calls } = request(payload);
                let outcomes = calls.iter().map(|call| self.outcome(call.function)).collect();
                reply(&BatchOutcome { outcomes, fault: None })
            }
            StartJob::NUMBER => {
                self.jobs.push(called(payload));
                reply(&Job { id: self.jobs.len() as u32 - 1 })
            }
            AwaitJob::NUMBER => {
                let AwaitJob { job, .. } = request(payload);
                // A lie may have given a job another number, by which it is asked for.
                let function = self.jobs.get(job as usize).copied().unwrap_or_default();
                reply(&Some(self.outcome(function)))
            }
            CancelJob::NUMBER => reply(&JobState::Done),
            ReadString::NUMBER => {
                let ReadString { length, .. } = request(payload);
                reply(&Value::Bytes(vec![b'x'; length.unwrap_or(4) as usize]))
            }
            DescribeLastError::NUMBER => reply(&Value::Nil),
            MapSegment::NUMBER => reply(&Mapped { address: ADDRESS << 4 }),
            Allocate::NUMBER => reply(&Allocated { address: ADDRESS }),
            CreateCallbacks::NUMBER => {
                let CreateCallbacks { count, .. } = request(payload);
                let first = self.callbacks;
                self.callbacks += count;
                reply(&Callbacks {
                    first,
                    addresses: (first..self.callbacks).map(|id| ADDRESS + u64::from(id)).collect(),
                })
            }
            Poll::NUMBER => reply(&Served { count: 0 }),
            _ => reply(&()),
        }
    }

    fn keep(&mut self, signature: Signature) -> u32 {
        self.functions.push(signature);
        self.functions.len() as u32 - 1
    }

    /// What calling a function gives, by the type of its result.
    fn outcome(&self, function: u32) -> Outcome {
        let result = match self.functions[function as usize].result {
            Type::Void | Type::Record(_) => Value::Nil,
            Type::Float32 | Type::Float64 => Value::Float(0.5),
            Type::CString => Value::Bytes(b"text".to_vec()),
            Type::Pointer => Value::Integer(ADDRESS as i64),
            _ => Value::Integer(5),
        };
        Outcome { result, errno: 0, last_error: 0 }
    }
}

fn identity() -> Identity {
    let (platform, machine) = (Platform::Linux, Machine::I386);
    Identity { version: VERSION, pointer_bits: 32, platform, machine, process: std::process::id() }
}

fn called(payload: &[u8]) -> u32 {
    decode_invoke(payload, &mut Vec::new()).expect("the host is honest").0
}

fn request<T: DeserializeOwned>(payload: &[u8]) -> T {
    decode(payload).expect("the host is honest")
}

fn reply<T: Serialize>(message: &T) -> Vec<u8> {
    encode(message).expect("it has an encoding")
}
