"""What is read from a log of strace. The lines are as strace 6.1 writes them."""

from __future__ import annotations

from pathlib import Path

import pytest

from assistant.app.diagnostics.offline_proof import NetworkEvidence, kernel

HOME = Path("/tmp/trial/home")


def read(tmp_path: Path, *lines: str) -> NetworkEvidence:
    log = tmp_path / "strace.log"
    log.write_text("\n".join(lines) + "\n", "utf-8")
    return kernel.read_strace_log(log, HOME)


@pytest.mark.parametrize("line", [
    'connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.1")}, 16) = 0',
    'connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.1")}, 16 <unfinished ...>',
    'connect(3, {sa_family=AF_INET6, sin6_port=htons(443), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "2001:db8::1", '
    "&sin6_addr), sin6_scope_id=0}, 28) = -1 ENETUNREACH (Network is unreachable)",
    'sendto(3, "x", 1, 0, {sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr("192.0.2.1")}, 16) = 1',
    'sendmsg(3, {msg_name={sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr("192.0.2.1")}, msg_namelen=16}, 0) = 1',
    'bind(3, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}, 16) = 0',
    "connect(3, {sa_family=AF_VSOCK, svm_cid=0x2, svm_port=0x50, svm_flags=0}, 16) = 0",
])
def test_an_address_elsewhere_is_an_attempt(tmp_path: Path, line: str) -> None:
    found = read(tmp_path, f"17  {line}")
    assert len(found.attempts) == 1 and found.apart == {}


@pytest.mark.parametrize("line", [
    "socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_IP) = 3",
    "socket(AF_INET6, SOCK_DGRAM, IPPROTO_IP <unfinished ...>",
    "socket(AF_INET, SOCK_STREAM, IPPROTO_IP) = -1 EACCES (Permission denied)",
    "socket(AF_PACKET, SOCK_RAW, htons(0x3)) = 3",
    "socket(0x2d /* AF_??? */, SOCK_RAW, 0) = -1 EAFNOSUPPORT (Address family not supported by protocol)",
])
def test_a_socket_of_a_network_family_is_an_attempt_even_where_it_fails(tmp_path: Path, line: str) -> None:
    found = read(tmp_path, f"17  {line}")
    assert (found.inet_sockets, len(found.attempts)) == (1, 1)


def test_the_attempt_names_the_program_that_made_it(tmp_path: Path) -> None:
    found = read(tmp_path, '17 execve("/usr/bin/python3", ["python3", "-m", "assistant", "ask"], 0x7ffd /* 3 vars */) = 0',
                 "17 socket(AF_INET, SOCK_STREAM, IPPROTO_IP) = 3")
    assert found.attempts == ("python3 -m assistant ask (17): socket(AF_INET, SOCK_STREAM, IPPROTO_IP) = 3",)


@pytest.mark.parametrize("line", [
    'openat(AT_FDCWD, "/etc/hosts", O_RDONLY|O_CLOEXEC) = 4',
    'openat(AT_FDCWD, "/etc/resolv.conf", O_RDONLY|O_CLOEXEC) = 4',
    'connect(4, {sa_family=AF_UNIX, sun_path="/run/systemd/resolve/io.systemd.Resolve"}, 42) = 0',
    r'sendto(4, "\2\0\0\0\r\0\0\0\6\0\0\0hosts\0", 18, MSG_NOSIGNAL, NULL, 0) = 18',
])
def test_a_name_look_up_is_an_attempt(tmp_path: Path, line: str) -> None:
    found = read(tmp_path, f"17 {line}")
    assert (found.names, len(found.attempts)) == (1, 1)


def test_what_stays_on_the_machine_is_reported_apart(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        "17 socket(AF_UNIX, SOCK_STREAM|SOCK_CLOEXEC, 0) = 3",
        f'17 connect(3, {{sa_family=AF_UNIX, sun_path="{HOME}/engine/socket"}}, 40) = 0',
        '17 connect(3, {sa_family=AF_UNIX, sun_path="/var/run/nscd/socket"}, 110) = -1 ENOENT (No such file or directory)',
        "17 socketpair(AF_UNIX, SOCK_STREAM|SOCK_CLOEXEC, 0, [3, 4]) = 0",
        "17 socket(AF_NETLINK, SOCK_RAW|SOCK_CLOEXEC, NETLINK_ROUTE) = 3",
        "17 bind(3, {sa_family=AF_NETLINK, nl_pid=0, nl_groups=00000000}, 12) = 0",
        '17 connect(3, {sa_family=AF_INET, sin_port=htons(9), sin_addr=inet_addr("127.0.0.1")}, 16) = 0',
        '17 bind(9, {sa_family=AF_INET6, sin6_port=htons(0), inet_pton(AF_INET6, "::1", &sin6_addr), sin6_scope_id=0}, 28) = 0',
    )
    assert found.attempts == ()
    assert found.calls == 8
    assert found.apart == {"the engine's own Unix socket": 1, "Unix socket /var/run/nscd/socket": 1,
                           "pairs of sockets inside the program": 1, "netlink: questions to this machine's kernel": 1,
                           "loopback address 127.0.0.1": 1, "loopback address ::1": 1}


def test_text_that_is_sent_is_not_taken_for_an_address(tmp_path: Path) -> None:
    found = read(tmp_path, r'17 sendto(3, "AF_INET \"AF_PACKET\" ", 20, 0, NULL, 0) = 20',
                 r'17 sendto(4, "\2\0\0\0\v\0\0\0\7\0\0\0passwd\0", 19, MSG_NOSIGNAL, NULL, 0) = 19',
                 r'17 sendto(4, "the hosts\0", 10, 0, NULL, 0) = 10',
                 '17 openat(AT_FDCWD, "/home/me/etc/hosts", O_RDONLY) = 3')
    assert found.attempts == ()


def test_processes_are_counted_and_threads_are_not(tmp_path: Path) -> None:
    found = read(tmp_path,
                 "17 clone3({flags=CLONE_VM|CLONE_FS|CLONE_THREAD|CLONE_SETTLS, exit_signal=0}, 88) = 18",
                 "17 vfork( <unfinished ...>", "19 execve(\"/bin/true\", [\"true\"], 0x1 /* 1 var */) = 0",
                 "17 <... vfork resumed>) = 19", "17 clone(child_stack=NULL, flags=SIGCHLD) = 20",
                 "17 clone(child_stack=NULL, flags=SIGCHLD) = -1 EAGAIN (Resource temporarily unavailable)")
    assert found.processes == 3


def test_what_strace_cannot_see_into_is_said(tmp_path: Path) -> None:
    assert "io_uring" in read(tmp_path, "17 io_uring_setup(8, {flags=0, sq_thread_cpu=0}) = 5").gaps[0]
