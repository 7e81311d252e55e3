{
  description = "A terminal chat for Anthropic's Messages API";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";

  # nixpkgs lacks some of our libraries: uv installs them, with Python and itself from nixpkgs.
  outputs = { self, nixpkgs }:
    let
      systems = [ "x86_64-linux" "aarch64-linux" "x86_64-darwin" "aarch64-darwin" ];
      forAll = make: nixpkgs.lib.genAttrs systems (system: make nixpkgs.legacyPackages.${system});
    in
    {
      packages = forAll (pkgs: {
        default = pkgs.writeShellApplication {
          name = "chatrepl";
          runtimeInputs = [ pkgs.uv pkgs.python313 ];
          text = ''exec uv tool run --quiet --python python3.13 --from ${self} chatrepl "$@"'';
        };
      });

      devShells = forAll (pkgs: {
        default = pkgs.mkShell { packages = [ pkgs.python313 pkgs.uv pkgs.gnumake ]; };
      });
    };
}
