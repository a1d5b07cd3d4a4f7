//! Serves an application on a listener, with a deadline for everything that a client sends or should read.

use std::net::TcpListener;
use std::time::Duration;

use actix_http::{HttpService, Request, Response};
use actix_server::ServerBuilder;
use actix_service::{IntoServiceFactory, ServiceFactoryExt, apply_fn_factory, map_config};
use actix_web::body::BoxBody;
use actix_web::dev::{AppConfig, Service, ServiceFactory, ServiceResponse, fn_service};
use actix_web::http::KeepAlive;
use actix_web::rt::net::TcpStream;
use socket2::{SockRef, TcpKeepalive};

use super::body::{self, ResponseBody};
use super::closing::Closing;
use super::connection::{Connection, Deadlines, Turn};

/// When a silent client is asked whether it is still there, how often, and how long sent data may go unacknowledged.
const PROBE_AFTER: Duration = Duration::from_secs(30);
const PROBE_EVERY: Duration = Duration::from_secs(10);
const PROBES: u32 = 3;
const UNACKNOWLEDGED: Duration = Duration::from_secs(30);

/// Has `application` answer on `listener`.
pub fn serve<F, I, S>(
    server: ServerBuilder,
    listener: TcpListener,
    deadlines: Deadlines,
    closing: Closing,
    application: F,
) -> std::io::Result<ServerBuilder>
where
    F: Fn() -> I + Send + Clone + 'static,
    I: IntoServiceFactory<S, Request>,
    S: ServiceFactory<Request, Config = AppConfig, Response = ServiceResponse<BoxBody>, Error = actix_web::Error> + 'static,
    S::InitError: std::fmt::Debug,
    <S::Service as Service<Request>>::Future: 'static,
    S::Service: 'static,
{
    // A connection takes these over from its listener.
    let socket = SockRef::from(&listener);
    socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(PROBE_AFTER).with_interval(PROBE_EVERY).with_retries(PROBES))?;
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(UNACKNOWLEDGED))?;
    let stop = server.graceful_shutdown_signal();
    server.listen("muster", listener, move || {
        let (stop, closing) = (stop.clone(), closing.clone());
        let (told, begun) = (closing.clone(), closing.clone());
        let answered = apply_fn_factory(
            map_config(application(), |()| AppConfig::default()),
            move |mut request: Request, service: &S::Service| {
                let turn = request.conn_data().map(Turn::begin);
                let unread = body::pace(&mut request, deadlines, &told);
                let (answer, told) = (service.call(request), told.clone());
                async move {
                    let mut response: Response<BoxBody> = answer.await.map_or_else(Response::from, Response::from);
                    told.tell(&mut response);
                    Ok::<_, actix_web::Error>(response.map_body(|_, body| ResponseBody::new(body, unread, turn)))
                }
            },
        );
        let http = HttpService::build()
            .graceful_shutdown_signal(move || {
                let (stop, closing) = (stop.clone(), closing.clone());
                async move {
                    stop.notified().await;
                    closing.begin();
                }
            })
            .keep_alive(KeepAlive::Timeout(deadlines.keep_alive))
            .client_request_timeout(deadlines.head)
            .client_disconnect_timeout(deadlines.linger)
            .on_connect_ext(|connection: &Connection, data| {
                data.insert(connection.progress());
            })
            .h1(answered);
        fn_service(move |socket: TcpStream| {
            let peer = socket.peer_addr().ok();
            std::future::ready(Ok((Connection::new(socket, deadlines, begun.clone()), peer)))
        })
        .and_then(http)
    })
}
