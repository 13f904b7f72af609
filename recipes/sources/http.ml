(* libraries: lwt.unix *)
(* SPDX-License-Identifier: BSD-2-Clause *)
(* SPDX-FileCopyrightText: The Rumpk authors *)

(* A web server by Lwt: each connection is a promise. *)
let ( let* ) = Lwt.bind

let reply _address (input, output) =
  let* line = Lwt_io.read_line input in
  let path = match String.split_on_char ' ' line with _ :: path :: _ -> path | _ -> "?" in
  let* () = Lwt_io.fprintf output "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nhello %s\n" path in
  let* () = Lwt_io.flush output in
  Lwt_io.close output

let () =
  Lwt_main.run
    (let* _server = Lwt_io.establish_server_with_client_address (Unix.ADDR_INET (Unix.inet_addr_any, 80)) reply in
     fst (Lwt.wait ()))
