(* libraries: unix dynamic *)
(* SPDX-License-Identifier: BSD-2-Clause *)
(* SPDX-FileCopyrightText: The Rumpk authors *)

(* A web server of system calls: one connection after the other. *)
let () =
  let server = Unix.socket Unix.PF_INET Unix.SOCK_STREAM 0 in
  Unix.setsockopt server Unix.SO_REUSEADDR true;
  Unix.bind server (Unix.ADDR_INET (Unix.inet_addr_any, 8001));
  Unix.listen server 16;
  while true do
    let client, _ = Unix.accept server in
    ignore (Unix.read client (Bytes.create 4096) 0 4096);
    let answer = "HTTP/1.0 200 OK\r\n\r\nhello from Unix\n" in
    ignore (Unix.write_substring client answer 0 (String.length answer));
    Unix.close client
  done
