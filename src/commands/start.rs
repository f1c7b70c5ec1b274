//! What `watch` has to have before its run begins: logs, password, journal, dialler, identity.

use std::sync::Arc;

use anyhow::Context;
use tracing_appender::non_blocking::WorkerGuard;
use tracing_subscriber::filter::LevelFilter;

use super::CommandError;
use crate::config::{
    CertificateCheck, ColorChoice, JournalChoice, TlsOptions, Verbosity, WatchConfig, ZoneChoice,
};
use crate::event::{FORMAT_VERSION, Start, TargetFacts};
use crate::io::authorize::aws::Signer;
use crate::io::authorize::navien::{SignIn, SignInSettings};
use crate::io::clock::{self, Clock};
use crate::io::dial::{Authorize, DialSettings, Dialer, TlsSettings, Verification};
use crate::io::journal_file::JournalFile;
use crate::io::journal_writer::JournalWriter;
use crate::io::sink_queue::SinkQueue;
use crate::io::terminal::{self, StatusLine};
use crate::io::{host, log, password_file};
use crate::navien::appliances::Appliances;
use crate::navien::status::Asker;
use crate::report::Zone;
use crate::report::style::Palette;
use crate::session::extension::{Extension, NoExtension};
use crate::simulator::expired;
use crate::target::{Broker, Scenario, Target};

/// Says all warnings, unless the user wants none.
pub(super) fn warn(warnings: &[String], verbosity: Verbosity) {
    if verbosity > Verbosity::Quiet {
        for warning in warnings {
            terminal::say(&format!("warning: {warning}"));
        }
    }
}

/// The status line, where it does not get in the way of anything.
pub(super) fn status_line(verbosity: Verbosity) -> StatusLine {
    match verbosity {
        Verbosity::Normal => StatusLine::on_error(),
        Verbosity::Quiet | Verbosity::Info | Verbosity::Debug | Verbosity::Trace => StatusLine::hidden(),
    }
}

/// Starts the logs.
pub(super) fn logs(verbosity: Verbosity, status: StatusLine) -> Result<WorkerGuard, CommandError> {
    let level = match verbosity {
        Verbosity::Quiet => LevelFilter::ERROR,
        Verbosity::Normal => LevelFilter::WARN,
        Verbosity::Info => LevelFilter::INFO,
        Verbosity::Debug => LevelFilter::DEBUG,
        Verbosity::Trace => LevelFilter::TRACE,
    };
    Ok(log::start(level, status).context("cannot start the logs")?)
}

/// Whether the page on standard output has colours.
pub(super) fn palette(color: ColorChoice) -> Palette {
    match color {
        ColorChoice::Always => Palette::Colour,
        ColorChoice::Auto if terminal::is_on_output() => Palette::Colour,
        ColorChoice::Auto | ColorChoice::Never => Palette::Plain,
    }
}

/// The zone that times are shown in.
pub(super) fn zone(choice: ZoneChoice) -> Zone {
    choice.function(clock::local)
}

/// Reads the password file, if there is one, into the settings.
pub(super) fn read_password(config: &mut WatchConfig) -> Result<(), CommandError> {
    let Some(path) = &config.password_file else { return Ok(()) };
    let password = password_file::read(path).map_err(|error| CommandError::Settings(error.into()))?;
    config.warnings.extend(password.warning);
    Arc::make_mut(&mut config.run.session).password = Some(password.secret);
    Ok(())
}

/// Opens the journal and starts the thread that writes it; the demo begins a new one each time.
pub(super) fn journal(config: &WatchConfig) -> Result<Option<SinkQueue>, CommandError> {
    let JournalChoice::File(path) = &config.journal else { return Ok(None) };
    let file = match config.target {
        Target::Broker(_) | Target::Navien => JournalFile::append_to(path),
        Target::Demo(_) => JournalFile::replace(path),
    };
    let writer = JournalWriter::new(file.map_err(anyhow::Error::from)?, Clock::start());
    Ok(Some(SinkQueue::start("journal", writer, || {}).context("cannot start the journal's thread")?))
}

/// Reads certificates and makes ready to dial `broker`.
pub(super) fn dialer(broker: &Broker, config: &WatchConfig) -> Result<Dialer, CommandError> {
    let tls = TlsSettings { also_trusted: demo_root(&config.target), ..tls(&config.tls) };
    let authorize = authorize(config, &tls)?;
    let settings = DialSettings {
        transport: broker.transport,
        host: broker.host.clone(),
        port: broker.port,
        path: broker.path.clone(),
        tls,
        authorize,
    };
    Dialer::new(settings).map_err(|error| CommandError::Settings(error.into()))
}

/// A demo of a certificate that has expired has to show that, and not that nobody trusts it.
fn demo_root(target: &Target) -> Option<&'static str> {
    (*target == Target::Demo(Scenario::CertificateExpired)).then_some(expired::CERTIFICATE)
}

fn tls(options: &TlsOptions) -> TlsSettings {
    TlsSettings {
        cafile: options.cafile.clone(),
        also_trusted: None,
        identity: options.identity.as_ref().map(|identity| (identity.cert.clone(), identity.key.clone())),
        alpn: options.alpn.clone(),
        verification: match options.check {
            CertificateCheck::Required => Verification::Verify,
            CertificateCheck::Skipped => Verification::Insecure,
        },
    }
}

/// What lets an attempt in before MQTT begins, where there is anything. Application protocols are the broker's affair: the service is offered none.
fn authorize(config: &WatchConfig, tls: &TlsSettings) -> Result<Option<Arc<dyn Authorize>>, CommandError> {
    if let Some(navien) = &config.navien {
        let sign_in = SignIn::new(SignInSettings {
            email: navien.email.clone(),
            password: navien.password.clone(),
            service: navien.service.clone(),
            tls: TlsSettings { alpn: Vec::new(), ..tls.clone() },
        });
        let sign_in = sign_in.map_err(|error| CommandError::Settings(error.into()))?;
        return Ok(Some(Arc::new(sign_in)));
    }
    let Some(aws) = &config.aws else { return Ok(None) };
    Ok(Some(Arc::new(Signer { region: aws.region.clone(), credentials: aws.credentials.clone() })))
}

/// What the target's service adds to the run.
pub(super) fn extension(config: &WatchConfig) -> Box<dyn Extension> {
    let Some(navien) = &config.navien else { return Box::new(NoExtension) };
    let asker = Asker {
        client_id: config.run.session.client_id.clone(),
        session_id: format!("{:032x}", fastrand::u128(..)),
    };
    Box::new(Appliances::new(navien.appliances, asker))
}

/// The first record of a run.
pub(super) fn first_record(target: TargetFacts) -> Start {
    Start {
        v: FORMAT_VERSION,
        run: uuid::Uuid::new_v4().to_string(),
        continued: false,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        pid: std::process::id(),
        host: host::name(),
        time_zone: clock::time_zone(),
        target,
    }
}
