//! Networks as `src` of a token has them: `10.0.0.0/8`, read and compared like Go's `net.ParseCIDR` and `IPNet.Contains`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// A CIDR block. Host bits of its address do not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Network {
    address: IpAddr,
    bits: u8,
}

/// Not a CIDR block: a single address has to be written `/32` or `/128`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NoNetwork;

impl FromStr for Network {
    type Err = NoNetwork;

    fn from_str(written: &str) -> Result<Self, NoNetwork> {
        let (address, bits) = written.split_once('/').ok_or(NoNetwork)?;
        let address: IpAddr = address.parse().map_err(|_| NoNetwork)?;
        let is_number = !bits.is_empty() && bits.bytes().all(|byte| byte.is_ascii_digit());
        let bits: u8 = bits.parse().map_err(|_| NoNetwork)?;
        if is_number && bits <= width(address) {
            Ok(Self { address, bits })
        } else {
            Err(NoNetwork)
        }
    }
}

impl Network {
    pub(super) fn contains(self, address: IpAddr) -> bool {
        match (unmapped(self.address), unmapped(address)) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                let spared = if self.address.is_ipv6() { 96 } else { 0 };
                let bits = self.bits.saturating_sub(spared);
                masked4(network, bits) == masked4(address, bits)
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                masked6(network, self.bits) == masked6(address, self.bits)
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

const fn width(address: IpAddr) -> u8 {
    match address {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

/// Go takes `::ffff:10.0.0.1` for the address that it holds.
fn unmapped(address: IpAddr) -> IpAddr {
    address.to_canonical()
}

fn masked4(address: Ipv4Addr, bits: u8) -> u32 {
    let host = 32_u32.saturating_sub(bits.into());
    u32::from(address).checked_shr(host).unwrap_or_default()
}

fn masked6(address: Ipv6Addr, bits: u8) -> u128 {
    let host = 128_u32.saturating_sub(bits.into());
    u128::from(address).checked_shr(host).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(network: &str, address: &str) -> bool {
        let network: Network = network.parse().unwrap();
        network.contains(address.parse().unwrap())
    }

    #[test]
    fn an_address_is_in_a_network_that_begins_like_it() {
        assert!(holds("10.0.0.0/8", "10.200.3.4"));
        assert!(holds("10.1.2.3/8", "10.200.3.4"), "host bits do not count");
        assert!(holds("0.0.0.0/0", "192.0.2.1"));
        assert!(holds("127.0.0.1/32", "127.0.0.1"));
        assert!(holds("2001:db8::/32", "2001:db8:1::1"));
        assert!(holds("127.0.0.0/8", "::ffff:127.0.0.1"));
        assert!(!holds("10.0.0.0/8", "11.0.0.1"));
        assert!(!holds("127.0.0.1/32", "127.0.0.2"));
        assert!(!holds("2001:db8::/32", "2001:db9::1"));
        assert!(!holds("0.0.0.0/0", "::1"), "of the other kind");
    }

    #[test]
    fn what_is_no_block_is_none() {
        for written in [
            "127.0.0.1",
            "10.0.0.0/33",
            "10.0.0.0/",
            "10.0.0.0/+8",
            "10.0.0/8",
            "::/129",
            "host/8",
            "",
        ] {
            assert_eq!(written.parse::<Network>(), Err(NoNetwork), "{written}");
        }
    }
}
