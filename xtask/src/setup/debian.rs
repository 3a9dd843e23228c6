//! The system packages, on Debian, Ubuntu and their derivatives.

use std::process::Command;

use crate::failure::Failure;
use crate::step;

/// The required packages, and their purposes.
const PACKAGES: &[(&str, &str)] = &[
    ("gcc", "links programs and compiles Lua and libffi"),
    ("libc6-dev", "the C library's headers"),
    ("make", "builds libffi"),
    ("gcc-multilib", "links i686 programs for Linux"),
    ("gcc-mingw-w64-i686", "links i686 programs for Windows"),
    ("gcc-mingw-w64-x86-64", "links x86_64 programs for Windows"),
    ("wine64", "runs Windows programs"),
    ("lib32z1", "a 32-bit library built by others"),
    ("libz-mingw-w64", "a Windows library built by others"),
    ("libz-mingw-w64-dev", "a Windows header to test the parser"),
    ("zlib1g-dev", "a header to test the parser"),
    ("libsqlite3-dev", "a header to test the parser"),
    ("libusb-1.0-0-dev", "a header to test the parser"),
    ("portaudio19-dev", "a header to test the parser"),
];

/// Installs missing packages, as root or through sudo; otherwise the error says what to do.
pub(crate) fn packages() -> Result<(), Failure> {
    if !step::succeeds(Command::new("dpkg-query").arg("--version")) {
        return other_distribution();
    }
    let missing = missing_from(&status());
    if missing.is_empty() {
        return Ok(());
    }
    let root = step::capture(Command::new("id").arg("-u"))?.trim() == "0";
    let by_hand = format!("apt-get install -y {}", missing.join(" "));
    if !root && !step::succeeds(Command::new("sudo").args(["-v"])) {
        return Err(Failure::new(format!("packages are missing; as root, run:\n    {by_hand}")));
    }
    let apt = |words: &[&str]| {
        let mut command = Command::new(if root { "env" } else { "sudo" });
        // `sudo NAME=VALUE` needs a permission of its own, `sudo env` does not.
        command.args(if root { &[][..] } else { &["env"] });
        command.args(["DEBIAN_FRONTEND=noninteractive", "apt-get"]).args(words);
        command
    };
    step::say("apt-get update");
    if step::run(&mut apt(&["update", "-q"])).is_err() {
        // One outdated index does not mean that the packages are unavailable.
        step::say("apt-get update failed; continuing with the existing lists");
    }
    step::say(&by_hand);
    step::run(apt(&["install", "-y", "-q", "--no-install-recommends"]).args(&missing))
        .map_err(|failure| Failure::new(format!("{failure}; as root, run:\n    {by_hand}")))
}

/// One line for each known package, such as `gcc install ok installed`.
fn status() -> String {
    let names = PACKAGES.iter().map(|(name, _)| *name);
    // Unknown packages make it fail, but it still lists the known ones.
    let output = Command::new("dpkg-query").args(["-W", "-f", "${Package} ${Status}\n"]).args(names).output();
    output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default()
}

fn missing_from(status: &str) -> Vec<&'static str> {
    // The first word is the administrator's selection, such as `hold`.
    let is =
        |line: &str, name: &str| line.split(' ').eq([name, line.split(' ').nth(1).unwrap_or(""), "ok", "installed"]);
    let installed = |name: &str| status.lines().any(|line| is(line, name));
    PACKAGES.iter().map(|(name, _)| *name).filter(|name| !installed(name)).collect()
}

/// On other distributions, checks for the tools themselves.
fn other_distribution() -> Result<(), Failure> {
    let tools = ["gcc", "make", "i686-w64-mingw32-gcc", "x86_64-w64-mingw32-gcc"];
    let missing: Vec<&str> =
        tools.into_iter().filter(|tool| !step::succeeds(Command::new(tool).arg("--version"))).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let mut message =
        format!("these programs are missing: {}. The required packages, by Debian's names:", missing.join(", "));
    for (name, reason) in PACKAGES {
        message += &format!("\n    {name:<24}{reason}");
    }
    Err(Failure::new(message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_installed_is_not_missing() {
        assert_eq!(missing_from("").len(), PACKAGES.len());
        let some = "gcc install ok installed\nlibc6-dev hold ok installed\nmake deinstall ok config-files\n\
                    wine64 install ok half-configured\nlib32z1 unknown ok not-installed\n";
        let expected: Vec<&str> =
            PACKAGES.iter().map(|(name, _)| *name).filter(|name| !["gcc", "libc6-dev"].contains(name)).collect();
        assert_eq!(missing_from(some), expected);
    }
}
