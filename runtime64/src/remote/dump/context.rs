//! The registers of a thread in a dump: the `CONTEXT` structure of either machine.

use protocol::{Machine, Registers};

/// One register of the structure: its offset, and its index among the registers of a report.
type RegisterSlot = (usize, usize);

/// The layout of the structure for one machine.
struct ContextLayout {
    bytes: usize,
    /// The offset and value of the context flags: control registers, integer registers and segments.
    flags: (usize, u32),
    /// The size of a register, in bytes.
    width: usize,
    registers: &'static [RegisterSlot],
    /// The offset of the low half of the processor's flags, which are the last register in a report.
    status: usize,
    /// The segment selectors, which are the same for every process of this width on either system.
    segments: &'static [(usize, u16)],
}

const I386: ContextLayout = ContextLayout {
    bytes: 716,
    flags: (0, 0x0001_0007),
    width: 4,
    registers: &[(176, 0), (164, 1), (172, 2), (168, 3), (160, 4), (156, 5), (180, 6), (196, 7), (184, 8)],
    status: 192,
    segments: &[(148, 0x2b), (152, 0x2b), (188, 0x23), (200, 0x2b)],
};

const X86_64: ContextLayout = ContextLayout {
    bytes: 1232,
    flags: (48, 0x0010_0007),
    width: 8,
    registers: &[
        (120, 0),
        (144, 1),
        (128, 2),
        (136, 3),
        (168, 4),
        (176, 5),
        (160, 6),
        (152, 7),
        (184, 8),
        (192, 9),
        (200, 10),
        (208, 11),
        (216, 12),
        (224, 13),
        (232, 14),
        (240, 15),
        (248, 16),
    ],
    status: 68,
    segments: &[(56, 0x33), (58, 0x2b), (60, 0x2b), (66, 0x2b)],
};

/// The structure with these registers; `None` if they are not known.
pub(super) fn of(machine: Machine, registers: &Registers) -> Option<Vec<u8>> {
    let layout = match machine {
        Machine::I386 => &I386,
        Machine::X86_64 => &X86_64,
    };
    let values = registers.values();
    let (status, others) = values.split_last()?;
    if others.len() != layout.registers.len() {
        return None;
    }
    let mut context = vec![0; layout.bytes];
    let mut put = |offset: usize, bytes: &[u8]| context[offset..offset + bytes.len()].copy_from_slice(bytes);
    put(layout.flags.0, &layout.flags.1.to_le_bytes());
    put(layout.status, &(*status as u32).to_le_bytes());
    for (offset, selector) in layout.segments {
        put(*offset, &selector.to_le_bytes());
    }
    for (offset, place) in layout.registers {
        put(*offset, &others[*place].to_le_bytes()[..layout.width]);
    }
    Some(context)
}

/// The thread's stack pointer.
pub(super) fn stack_pointer(registers: &Registers) -> Option<u64> {
    registers.values().get(7).copied()
}

#[cfg(test)]
mod tests {
    use protocol::{I386_REGISTERS, X86_64_REGISTERS};

    use super::*;

    #[test]
    fn each_register_has_a_place_of_its_own() {
        for (machine, layout, names) in
            [(Machine::I386, I386, &I386_REGISTERS[..]), (Machine::X86_64, X86_64, &X86_64_REGISTERS[..])]
        {
            let values: Vec<u64> = (1..=names.len() as u64).map(|value| value * 0x0101).collect();
            let registers = Registers::of(&values);
            let context = of(machine, &registers).expect("all registers are known");
            assert_eq!(context.len(), layout.bytes);
            assert_eq!(names[7].trim_start_matches(['e', 'r']), "sp");
            assert_eq!(stack_pointer(&registers), Some(values[7]));
            for (offset, place) in layout.registers {
                assert_eq!(context[*offset], values[*place] as u8, "{}", names[*place]);
            }
            let mut offsets: Vec<usize> = layout.registers.iter().map(|(offset, _)| *offset).collect();
            offsets.sort_unstable();
            assert!(offsets.windows(2).all(|pair| pair[1] - pair[0] >= layout.width), "{offsets:?}");
        }
    }

    #[test]
    fn registers_of_another_machine_are_none() {
        assert_eq!(of(Machine::X86_64, &Registers::of(&[0; 10])), None);
        assert_eq!(of(Machine::I386, &Registers::default()), None);
    }
}
