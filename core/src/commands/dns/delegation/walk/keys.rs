//! The keys of each zone on the way (DNSSEC).

use domain::base::Rtype;
use netvane_net::dns::{
    Client, Message,
    chain::{Delegation as ParentProof, DsRecords, Trust, ZoneKeys},
};

use super::{Walk, compare};
use crate::commands::dns::delegation::{
    ChainStatus, Disagreement, DisagreementKind, referral::Referral,
};

/// What the parent says of the keys of the next zone.
pub(super) enum Expected {
    Anchor,
    Ds(DsRecords),
    Nothing,
    Bogus(String),
}

impl Walk<'_> {
    /// A zone without a server that answers is not secure if its parent vouches for keys.
    pub(super) fn note_silence(&mut self, expected: &Expected) {
        if let (Some(step), false) = (
            self.data.steps.last_mut(),
            matches!(expected, Expected::Nothing),
        ) {
            step.secure = ChainStatus::Bogus;
        }
    }

    /// Checks the keys of the current zone with what its parent says of them.
    pub(super) async fn check_keys(
        &mut self,
        client: &Client,
        referral: &Referral,
        expected: Expected,
    ) -> Trust {
        let zone = referral.zone.as_str();
        let trust = match expected {
            Expected::Nothing => Trust::Insecure,
            Expected::Bogus(why) => Trust::Bogus(why),
            Expected::Anchor | Expected::Ds(_) => {
                match (self.ask_one(client, zone, Rtype::DNSKEY).await, expected) {
                    (None, _) => {
                        Trust::Bogus("the server does not answer the query for the keys".into())
                    }
                    (Some(answer), Expected::Ds(ds)) => {
                        let trust = ds.trust_keys(zone, &answer);
                        if matches!(trust, Trust::Bogus(_)) && !ds.name_a_key(&answer) {
                            self.data.disagreements.push(Disagreement {
                                zone: zone.to_owned(),
                                kind: DisagreementKind::Ds,
                                parent: referral.ds.clone(),
                                child: compare::key_list(&answer),
                            });
                        }
                        trust
                    }
                    (Some(answer), _) => self.cx.net.dns.trust_anchored_keys(zone, &answer),
                }
            }
        };

        let secure = match &trust {
            Trust::Secure(_) => ChainStatus::Secure,
            Trust::Insecure => ChainStatus::Insecure,
            Trust::Bogus(why) => {
                self.break_at(zone, why.clone());
                ChainStatus::Bogus
            }
        };
        if let Some(step) = self.data.steps.last_mut() {
            step.secure = secure;
        }
        trust
    }

    /// What the current zone says of the keys of the next one. A referral without a proof is followed by a query for DS.
    pub(super) async fn expect(
        &mut self,
        client: &Client,
        trust: &Trust,
        next: &Referral,
        proof: &Message,
    ) -> Expected {
        let keys: &ZoneKeys = match trust {
            Trust::Secure(keys) => keys,
            Trust::Insecure => return Expected::Nothing,
            Trust::Bogus(why) => return Expected::Bogus(why.clone()),
        };
        let mut found = keys.delegation(&next.zone, proof);
        if matches!(found, ParentProof::Bogus(_))
            && let Some(answer) = self.ask_one(client, &next.zone, Rtype::DS).await
        {
            found = keys.delegation(&next.zone, &answer);
        }
        match found {
            ParentProof::Signed(ds) => Expected::Ds(ds),
            ParentProof::Unsigned => Expected::Nothing,
            ParentProof::Bogus(why) => Expected::Bogus(why),
        }
    }
}
