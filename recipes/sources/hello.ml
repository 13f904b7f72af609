(* libraries: unix *)
(* SPDX-License-Identifier: BSD-2-Clause *)
(* SPDX-FileCopyrightText: The Rumpk authors *)

(* Lists, the collector, a file and time of OCaml's library. *)
let sum n = List.fold_left ( + ) 0 (List.init (n + 1) Fun.id)

let () =
  let begun = Unix.gettimeofday () in
  for _ = 1 to 20 do
    ignore (Sys.opaque_identity (List.init 10000 string_of_int))
  done;
  Unix.sleepf 0.01;
  Printf.printf "hello from OCaml %s, %d %b\n" Sys.ocaml_version (sum 1000) (Unix.gettimeofday () -. begun >= 0.01)
