(* libraries: cohttp-lwt-unix dynamic *)
(* SPDX-License-Identifier: BSD-2-Clause *)
(* SPDX-FileCopyrightText: The Rumpk authors *)

open Cohttp_lwt_unix

let () =
  let callback _connection _request _body = Server.respond_string ~status:`OK ~body:"hello from cohttp\n" () in
  Lwt_main.run (Server.create ~mode:(`TCP (`Port 8003)) (Server.make ~callback ()))
