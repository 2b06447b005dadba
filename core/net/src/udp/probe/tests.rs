use super::*;

/// The reply that a server of this port would send to the first datagram.
fn reply_to(probe: &Probe) -> Vec<u8> {
    let sent = &probe.datagrams()[0];
    match probe.service {
        UdpService::Dns => {
            let mut reply = sent.clone();
            reply[2] |= 0x80;
            reply
        }
        UdpService::Ntp => {
            let mut reply = vec![0; 48];
            (reply[0], reply[1]) = (0b00_100_100, 2);
            reply[24..32].copy_from_slice(&sent[40..48]);
            reply
        }
        UdpService::Snmp => sent.clone(),
        UdpService::Quic => {
            let mut reply = vec![0x80, 0, 0, 0, 0, 8];
            reply.extend(&sent[15..23]);
            reply.push(8);
            reply.extend(&sent[6..14]);
            reply.extend([0x6b, 0x33, 0x43, 0xcf, 0, 0, 0, 1, 0x0a, 0x0a, 0x0a, 0x0a]);
            reply
        }
        UdpService::Stun => {
            let mut reply = sent.clone();
            reply[0] = 1;
            reply
        }
        UdpService::Unknown => b"anything".to_vec(),
    }
}

#[test]
fn recognizes_the_reply_of_each_service() {
    for (port, hint) in [
        (53, Some("DNS")),
        (123, Some("NTP, stratum 2")),
        (161, Some("SNMP")),
        (443, Some("QUIC, versions 1, 2")),
        (3478, Some("STUN")),
        (9999, None),
    ] {
        let probe = Probe::of(port);
        let read = probe.read(&reply_to(&probe));
        assert_eq!(read, Some(hint.map(str::to_owned)), "{port}");
    }
}

#[test]
fn ignores_replies_to_other_probes_and_truncated_ones() {
    for port in [53, 123, 161, 443, 3478] {
        let probe = Probe::of(port);
        let reply = reply_to(&probe);
        assert_eq!(Probe::of(port).read(&reply), None, "{port}: another token");
        let necessary = if port == 53 { 12 } else { reply.len().min(20) };
        for length in 0..necessary - 1 {
            let read = probe.read(&reply[..length]);
            assert!(read.is_none() || port == 161, "{port}: {length} bytes");
        }
    }
}

#[test]
fn quic_probes_fill_a_datagram_and_snmp_messages_are_well_formed() {
    assert_eq!(Probe::of(443).datagrams()[0].len(), QUIC_SIZE);
    for message in Probe::of(161).datagrams() {
        assert_eq!(usize::from(message[1]), message.len() - 2);
    }
}
