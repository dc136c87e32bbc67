# proxy.py: a real nginx, HAProxy, Caddy, Apache, Varnish, nghttpx or Hitch between a test and its broker, with the
# configuration that deploy/proxies/ documents: only addresses and paths (and, where a test says so, times) are changed.
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../deploy/proxies')


def free_port():
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


class Proxy:
    """`changes`: further (old, new) texts of the file; each must be there."""
    command, file = None, None
    stop_patience_s = 5

    def __init__(self, broker, changes=()):
        self.broker, self.port = broker, free_port()
        self.folder = tempfile.TemporaryDirectory(prefix='fanfare-proxy-')
        self.config = os.path.join(self.folder.name, 'config')
        self.log_path = os.path.join(self.folder.name, 'log')
        text = self.text()
        for old, new in (*self.addresses(), *changes):
            assert old in text, f'{self.file} has no {old!r}'
            text = text.replace(old, new)
        with open(self.config, 'w', encoding='utf-8') as file:
            file.write(self.frame(text))
        self.start()

    @classmethod
    def here(cls):
        return shutil.which(cls.command, path=os.environ['PATH'] + ':/usr/sbin:/usr/local/sbin')

    def text(self):
        with open(os.path.join(FOLDER, self.file), encoding='utf-8') as file:
            return file.read()

    def frame(self, text):
        return text

    def start(self):
        log = open(self.log_path, 'ab')
        self.process = subprocess.Popen([self.here(), *self.arguments()], stdin=subprocess.DEVNULL, stdout=log,
                                        stderr=log, env={**os.environ, 'HOME': self.folder.name}, start_new_session=True)
        log.close()
        end = time.monotonic() + 15
        while not self.answers():
            assert self.process.poll() is None and time.monotonic() < end, f'{self.command} did not start: {self.log()}'
            time.sleep(0.02)

    def answers(self):
        try:
            socket.create_connection(('127.0.0.1', self.port), 1).close()
            return True
        except OSError:
            return False

    def log(self):
        with open(self.log_path, encoding='utf-8', errors='replace') as file:
            return file.read()[-3000:]

    def reload(self):
        self.process.send_signal(self.reload_signal)

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(self.stop_patience_s)
            except subprocess.TimeoutExpired:
                # Its workers as well, or they would hold their streams.
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()
        self.folder.cleanup()


class Nginx(Proxy):
    command, file, reload_signal = 'nginx', 'nginx.conf', signal.SIGHUP

    def addresses(self):
        return ((' 127.0.0.1:8080;', f' 127.0.0.1:{self.broker.port};'), ('listen 80;', f'listen 127.0.0.1:{self.port};'))

    def frame(self, text):
        user = 'user root;' if os.getuid() == 0 else ''
        kinds = ' '.join(f'{kind}_temp_path {self.folder.name}/{kind};'
                         for kind in ('client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'))
        return f'''{user} daemon off; pid {self.folder.name}/pid; error_log stderr; worker_processes 1;
events {{ worker_connections 1024; }}
http {{ access_log off; {kinds}
{text}
}}
'''

    def arguments(self):
        return ['-c', self.config, '-e', 'stderr']


class Haproxy(Proxy):
    command, file, reload_signal = 'haproxy', 'haproxy.cfg', signal.SIGUSR2

    def addresses(self):
        return ((' 127.0.0.1:8080 ', f' 127.0.0.1:{self.broker.port} '), ('bind :80', f'bind 127.0.0.1:{self.port}'),
                ('port 8081', f'port {self.broker.internal_port}'))

    def arguments(self):
        return ['-W', '-f', self.config]


class HaproxyTcp(Haproxy):
    file = 'haproxy-tcp.cfg'


class Caddy(Proxy):
    command, file = 'caddy', 'Caddyfile'

    def addresses(self):
        return ((' 127.0.0.1:8080 ', f' 127.0.0.1:{self.broker.port} '), (':80 {', f'http://:{self.port} {{\n\tbind 127.0.0.1'))

    def frame(self, text):
        self.admin = free_port()
        return f'{{\n\tadmin 127.0.0.1:{self.admin}\n}}\n{text}'

    def arguments(self):
        return ['run', '--adapter', 'caddyfile', '--config', self.config]

    def reload(self):
        subprocess.run([self.here(), 'reload', '--force', '--adapter', 'caddyfile', '--config', self.config,
                        '--address', f'127.0.0.1:{self.admin}'], check=True, capture_output=True, timeout=30)


class Apache(Proxy):
    command, file, reload_signal = 'apache2', 'apache.conf', signal.SIGUSR1
    stop_patience_s = 0.5  # it waits ten seconds for threads with a stream
    modules = ('mpm_event', 'authz_core', 'alias', 'headers', 'proxy', 'proxy_http', 'asis')

    def addresses(self):
        return ((' http://127.0.0.1:8080/ ', f' http://127.0.0.1:{self.broker.port}/ '),
                ('*:80>', f'127.0.0.1:{self.port}>'), ('/etc/apache2/fanfare', os.path.realpath(FOLDER)))

    def frame(self, text):
        loads = '\n'.join(f'LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so' for name in self.modules)
        return f'''{loads}
ServerName localhost
Listen 127.0.0.1:{self.port}
PidFile {self.folder.name}/pid
DefaultRuntimeDir {self.folder.name}
Mutex pthread
ErrorLog /dev/stderr
StartServers 1
{text}
'''

    def arguments(self):
        return ['-D', 'FOREGROUND', '-f', self.config]


class Varnish(Proxy):
    command, file = 'varnishd', 'varnish.vcl'
    pipe_timeout_s = 60
    reloads = 0

    def addresses(self):
        return (('.port = "8080"', f'.port = "{self.broker.port}"'),)

    def arguments(self):
        return ['-F', '-j', 'none', '-n', self.folder.name + '/work', '-a', f'127.0.0.1:{self.port}', '-f', self.config,
                '-p', f'pipe_timeout={self.pipe_timeout_s}', '-p', 'vcc_allow_inline_c=off', '-s', 'default,1M']

    def ask(self, *words):
        subprocess.run(['varnishadm', '-n', self.folder.name + '/work', *words], check=True, capture_output=True, timeout=30)

    def reload(self):
        self.reloads += 1
        self.ask('vcl.load', f'again{self.reloads}', self.config)
        self.ask('vcl.use', f'again{self.reloads}')


class Nghttpx(Proxy):
    command, file, reload_signal = 'nghttpx', 'nghttpx.conf', signal.SIGHUP

    def addresses(self):
        return (('backend=127.0.0.1,8080', f'backend=127.0.0.1,{self.broker.port}'),
                ('frontend=*,80;', f'frontend=127.0.0.1,{self.port};'))

    def arguments(self):
        return ['--conf', self.config, '--errorlog-file', '/dev/stderr', '--accesslog-file', '/dev/null']


class Hitch(Proxy):
    command, file = 'hitch', 'hitch.conf'

    def addresses(self):
        self.certificate = self.folder.name + '/pem'
        subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj',
                        '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-keyout', self.folder.name + '/key',
                        '-out', self.certificate], check=True, capture_output=True, timeout=30)
        with open(self.folder.name + '/key', encoding='ascii') as key, open(self.certificate, 'a', encoding='ascii') as pem:
            pem.write(key.read())
        return (('"[*]:443"', f'"[127.0.0.1]:{self.port}"'), ('[127.0.0.1]:8080', f'[127.0.0.1]:{self.broker.port}'),
                ('/etc/hitch/events.example.com.pem', self.certificate))

    def arguments(self):
        return ['--config', self.config, *(['--user', 'root'] if os.getuid() == 0 else [])]
