use netvane_document::Answer;

use super::*;

fn data(text: &str) -> Data {
    Data::of(&text.parse().expect(text))
}

#[test]
fn names_the_vendor_and_the_prefix() {
    let cisco = data("0000.0C12.3456");
    assert_eq!(
        serde_json::to_value(&cisco).expect("JSON"),
        serde_json::json!({
            "address": "00:00:0c:12:34:56", "oui": "00000c", "vendor": "Cisco Systems, Inc", "kind": "universal"
        })
    );
    assert_eq!(cisco.present().summary, "Cisco Systems, Inc");
}

#[test]
fn the_summary_says_why_there_is_no_vendor() {
    for (address, kind, summary) in [
        (
            "02:00:00:12:34:56",
            MacKind::Local,
            "Locally administered address, without a vendor",
        ),
        (
            "ff:ff:ff:ff:ff:ff",
            MacKind::Group,
            "Broadcast: all devices of the network",
        ),
        (
            "33:33:00:00:00:01",
            MacKind::Group,
            "IPv6 multicast (RFC 2464)",
        ),
        (
            "52:54:00:12:34:56",
            MacKind::Local,
            "QEMU and KVM virtual machines, by convention",
        ),
        (
            "03:00:00:00:00:01",
            MacKind::Group,
            "Multicast address, without a vendor",
        ),
        (
            "fc:ff:ff:12:34:56",
            MacKind::Universal,
            "Unknown vendor: the prefix is not in IEEE's registry",
        ),
    ] {
        let data = data(address);
        assert_eq!(
            (data.kind, data.present().summary.as_str()),
            (kind, summary),
            "{address}"
        );
        assert_eq!(data.vendor, None, "{address}");
    }
}

#[test]
fn a_block_of_several_vendors_says_so() {
    let document = data("8C-1F-64").present();
    let expected = "IEEE Registration Authority: a block that is assigned in smaller parts";
    assert_eq!(document.summary, expected);
}

#[test]
fn addresses_of_virtual_machines_are_not_called_random() {
    assert_eq!(
        data("52:54:00:12:34:56").present().warnings,
        Vec::<String>::new()
    );
    assert_eq!(data("02:00:00:12:34:56").present().warnings.len(), 1);
}
