use super::*;

fn full() -> CrashReport {
    CrashReport {
        accessed: Some(0),
        access: Some(MemoryAccess::Execute),
        thread: 7,
        is_foreign: true,
        calls: 2,
        instruction: u64::MAX,
        module_base: 0x1000,
        module: Text::of(b"/lib/libdevice.so"),
        text: Text::of(b"free(): invalid pointer"),
        registers: Registers::of(&[1, 2, u64::MAX]),
        ..CrashReport::new(Stage::Final, Cause::Fault, 11)
    }
}

#[test]
fn a_report_comes_back_as_it_went() {
    let all = [
        full(),
        CrashReport::new(Stage::Provisional, Cause::CppException, 0xe06d_7363),
        CrashReport { text: Text::of(&[b'x'; 1000]), registers: Registers::of(&[9; 100]), ..full() },
    ];
    for words in all {
        assert_eq!(CrashReport::from_bytes(&words.to_bytes()), Some(words));
    }
}

#[test]
fn text_that_is_too_long_is_truncated() {
    let mut text = Text::of(&[b'x'; 250]);
    text.push(b"0123456789");
    assert_eq!(text.bytes().len(), Text::LONGEST);
    assert!(text.to_string().ends_with("x012345"));
    assert_eq!(Registers::of(&[1; 100]).values(), [1; REGISTERS]);
}

/// Every byte of a report, set to an invalid value, results in a report or `None`, and lengths stay within bounds.
#[test]
fn hostile_bytes_are_a_report_or_none() {
    let good = full().to_bytes();
    for position in 0..good.len() {
        for value in [0, 1, 0x7f, 0x80, 0xff] {
            let mut bytes = good;
            bytes[position] = value;
            if let Some(words) = CrashReport::from_bytes(&bytes) {
                assert!(words.registers.values().len() <= REGISTERS && words.module.bytes().len() <= Text::LONGEST);
                let _ = words.text.to_string();
            }
        }
    }
    for length in 0..good.len() {
        assert_eq!(CrashReport::from_bytes(&good[..length]), None);
    }
    assert_eq!(CrashReport::from_bytes(&[0xff; CrashReport::BYTES]), None);
    assert_eq!(CrashReport::from_bytes(&[good.as_slice(), &[0]].concat()), None);
}
