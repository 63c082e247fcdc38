"""The peer that no backup can beat: the same bytes over one TCP connection on loopback into one file.

usage: raw-copy.py send PORT_FILE FILE [FILE ...]     serves the bytes of the files once, by sendfile
       raw-copy.py receive PORT_FILE TARGET           receives into TARGET, fsyncs it, prints the number of bytes

The receiver is what is measured. It reads into one buffer and writes pieces of 512 KiB, and makes the file durable at the end, as a
backup must.
"""
import os
import socket
import sys
import time

PIECE = 512 << 10


def send(port_file: str, paths: list[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        with open(port_file + ".part", "w", encoding="utf-8") as file:
            file.write(str(server.getsockname()[1]))
        os.rename(port_file + ".part", port_file)
        connection, _ = server.accept()
        with connection:
            for path in paths:
                with open(path, "rb") as file:
                    connection.sendfile(file)


def receive(port_file: str, target: str) -> None:
    while not os.path.exists(port_file):
        time.sleep(0.005)
    with open(port_file, encoding="utf-8") as file:
        port = int(file.read())
    buffer = memoryview(bytearray(PIECE))
    total = 0
    with socket.create_connection(("127.0.0.1", port)) as connection:
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        while True:
            filled = fill(connection, buffer)
            write(descriptor, buffer[:filled])
            total += filled
            if filled < PIECE:
                break
        os.fsync(descriptor)
        os.close(descriptor)
    print(total)


def fill(connection: socket.socket, buffer: memoryview) -> int:
    filled = 0
    while filled < len(buffer):
        received = connection.recv_into(buffer[filled:])
        if received == 0:
            break
        filled += received
    return filled


def write(descriptor: int, piece: memoryview) -> None:
    while piece:
        piece = piece[os.write(descriptor, piece) :]


if __name__ == "__main__":
    if sys.argv[1] == "send":
        send(sys.argv[2], sys.argv[3:])
    else:
        receive(sys.argv[2], sys.argv[3])
