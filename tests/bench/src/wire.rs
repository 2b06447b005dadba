//! Simulates latency to a DNS server by delaying datagrams in both directions.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use tokio::{net::UdpSocket, time::sleep};

/// Opens a relay to `server` that delays datagrams by `delay` in each direction; returns its
/// address.
pub(crate) async fn lengthen(server: SocketAddr, delay: Duration) -> anyhow::Result<SocketAddr> {
    let near = Arc::new(UdpSocket::bind("127.0.0.1:0").await?);
    let address = near.local_addr()?;
    tokio::spawn(async move {
        let mut datagram = [0; 4096];
        while let Ok((length, requester)) = near.recv_from(&mut datagram).await {
            tokio::spawn(carry(
                near.clone(),
                requester,
                datagram[..length].to_vec(),
                server,
                delay,
            ));
        }
    });
    Ok(address)
}

/// Forwards a query and its response; a datagram that cannot be forwarded is dropped, as on a real
/// network.
async fn carry(
    near: Arc<UdpSocket>,
    requester: SocketAddr,
    question: Vec<u8>,
    server: SocketAddr,
    delay: Duration,
) -> std::io::Result<()> {
    sleep(delay).await;
    let far = UdpSocket::bind("127.0.0.1:0").await?;
    far.connect(server).await?;
    far.send(&question).await?;
    let mut answer = [0; 4096];
    let length = tokio::time::timeout(Duration::from_secs(5), far.recv(&mut answer)).await??;
    sleep(delay).await;
    near.send_to(&answer[..length], requester).await?;
    Ok(())
}
