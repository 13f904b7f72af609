(* libraries: cohttp-lwt-unix *)
(* SPDX-License-Identifier: BSD-2-Clause *)
(* SPDX-FileCopyrightText: The Rumpk authors *)

(* A web server by cohttp. *)
open Cohttp_lwt_unix

let () =
  let callback _connection request _body =
    Server.respond_string ~status:`OK ~body:(Printf.sprintf "hello %s\n" (Uri.path (Request.uri request))) () in
  Lwt_main.run (Server.create ~mode:(`TCP (`Port 80)) (Server.make ~callback ()))
