(* libraries: lwt.unix dynamic *)
(* SPDX-License-Identifier: BSD-2-Clause *)
(* SPDX-FileCopyrightText: The Rumpk authors *)

let ( let* ) = Lwt.bind

let reply _address (input, output) =
  let* _line = Lwt_io.read_line input in
  let* () = Lwt_io.write output "HTTP/1.0 200 OK\r\n\r\nhello from Lwt\n" in
  let* () = Lwt_io.flush output in
  Lwt_io.close output

let () =
  Lwt_main.run
    (let* _server = Lwt_io.establish_server_with_client_address (Unix.ADDR_INET (Unix.inet_addr_any, 8002)) reply in
     fst (Lwt.wait ()))
