# Homebrew's formula. `.ci/release formula` fills in the words between `@`: the version, the
# repository, the address of the release's files, and their checksums.
class Portolan < Formula
  desc "Keeps Huawei Cloud image repositories and git mirrors equal to a YAML chart"
  homepage "@REPOSITORY@"
  version "@VERSION@"
  license any_of: ["MIT", "Apache-2.0"]

  on_macos do
    on_arm do
      url "@FILES@/portolan-@VERSION@-aarch64-apple-darwin.tar.gz"
      sha256 "@SHA256 aarch64-apple-darwin@"
    end
    on_intel do
      url "@FILES@/portolan-@VERSION@-x86_64-apple-darwin.tar.gz"
      sha256 "@SHA256 x86_64-apple-darwin@"
    end
  end

  on_linux do
    on_arm do
      url "@FILES@/portolan-@VERSION@-aarch64-unknown-linux-musl.tar.gz"
      sha256 "@SHA256 aarch64-unknown-linux-musl@"
    end
    on_intel do
      url "@FILES@/portolan-@VERSION@-x86_64-unknown-linux-musl.tar.gz"
      sha256 "@SHA256 x86_64-unknown-linux-musl@"
    end
  end

  def install
    bin.install "portolan"
    man1.install Dir["man/*.1"]
    bash_completion.install "completions/portolan.bash" => "portolan"
    zsh_completion.install "completions/_portolan"
    fish_completion.install "completions/portolan.fish"
  end

  test do
    (testpath/"portolan.yaml").write <<~YAML
      version: 1
      region: cn-north-4
      organizations:
        team-a:
          repositories:
            app: { is_public: false }
    YAML
    system bin/"portolan", "--emulator", "apply", "--yes"
    system bin/"portolan", "--emulator", "plan", "--detailed-exitcode"
  end
end
