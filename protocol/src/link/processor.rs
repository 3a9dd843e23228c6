//! The processor that the calling thread runs on.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub(super) use unix::current;
#[cfg(windows)]
pub(super) use windows::current;

#[cfg(test)]
mod tests {
    #[test]
    fn it_is_one_of_the_machine() {
        let highest = std::thread::available_parallelism().map_or(1 << 12, |_| 1 << 12);
        assert!(super::current() <= highest);
    }
}
