(* libraries: dynamic *)
(* SPDX-License-Identifier: BSD-2-Clause *)
(* SPDX-FileCopyrightText: The Rumpk authors *)

let () = Printf.printf "hello from OCaml %s, dynamic\n" Sys.ocaml_version
