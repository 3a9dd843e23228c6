//! A worker that lies: it speaks the protocol as a worker does until it comes to the request that it is to lie about, which
//! the environment variable `HOSTILE` tells as `NUMBER:LIE`, with `*` for every request and, after a third colon, a seed.

fn main() {
    #[cfg(unix)]
    unix::main();
}

#[cfg(unix)]
mod honest;
#[cfg(unix)]
mod lies;
#[cfg(unix)]
mod link;

#[cfg(unix)]
mod unix {
    use protocol::link::{Memory, REPLY};
    use protocol::{Attach, Call, Mapped, decode, encode};

    use super::honest::Honest;
    use super::lies::Lies;
    use super::link::Link;

    pub(super) fn main() {
        let mut link = Link::Plain(protocol::link::inherit().expect("a host hands a channel over"));
        let mut lies = Lies::from_environment();
        let mut honest = Honest::default();
        while let Some((kind, payload)) = link.receive() {
            if kind == Attach::NUMBER {
                link = attach(link, &mut lies, &payload);
                continue;
            }
            let answer = honest.answer(kind, &payload);
            if !lies.tell(&mut link, kind, &answer) {
                link.send(REPLY, &answer);
            }
            while lies.is_deaf() {
                std::thread::park();
            }
        }
    }

    /// Goes over to shared memory. The answer still goes through the channel.
    fn attach(mut link: Link, lies: &mut Lies, payload: &[u8]) -> Link {
        let request: Attach = decode(payload).expect("the host is honest");
        let memory = Memory::open(&request.memory, request.bytes).expect("the host's memory can be opened");
        let answer = encode(&Mapped { address: super::honest::ADDRESS }).expect("it has an encoding");
        if !lies.tell(&mut link, Attach::NUMBER, &answer) {
            link.send(REPLY, &answer);
        }
        link.share(&memory)
    }
}
