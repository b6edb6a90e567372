# Installs a formula as Homebrew does, for `.ci/installs`: picks the file for this machine, checks
# its checksum, unpacks it, and calls `install` and the test in it.
#
#     ruby homebrew-stand-in.rb FORMULA DIRECTORY-OF-FILES PREFIX
require "digest"
require "fileutils"
require "pathname"
require "rbconfig"
require "tmpdir"

class Pathname
  def install(*items)
    mkpath
    items.flatten.each do |item|
      pairs = item.is_a?(Hash) ? item.to_a : [[item, File.basename(item)]]
      pairs.each do |from, to|
        raise "#{from} is not in the archive" unless File.exist?(from)

        FileUtils.cp(from, join(to))
      end
    end
  end
end

class Formula
  PREFIX = Pathname(ARGV.fetch(2)).expand_path

  class << self
    attr_reader :address, :sum, :block

    def desc(_text) = nil
    def homepage(_text) = nil
    def version(_text) = nil
    def license(**_kinds) = nil
    def on_macos = nil
    def on_linux = yield
    def on_arm = (yield if RbConfig::CONFIG["host_cpu"].match?(/arm|aarch64/))
    def on_intel = (yield if RbConfig::CONFIG["host_cpu"] == "x86_64")
    def url(text) = (@address = text)
    def sha256(text) = (@sum = text)
    def test(&block) = (@block = block)
  end

  def bin = PREFIX/"bin"
  def man1 = PREFIX/"share/man/man1"
  def bash_completion = PREFIX/"etc/bash_completion.d"
  def zsh_completion = PREFIX/"share/zsh/site-functions"
  def fish_completion = PREFIX/"share/fish/vendor_completions.d"
  def testpath = Pathname.pwd

  def system(*words)
    Kernel.system(*words.map(&:to_s)) || raise("#{words.join(" ")} failed")
  end
end

load File.expand_path(ARGV.fetch(0))
archive = File.expand_path(File.basename(Portolan.address), ARGV.fetch(1))
sum = Digest::SHA256.file(archive).hexdigest
abort "#{archive} has the checksum #{sum}, the formula #{Portolan.sum}" if sum != Portolan.sum

Dir.mktmpdir do |folder|
  Kernel.system("tar", "-xzf", archive, "-C", folder) || abort("#{archive} cannot be unpacked")
  # An archive with one folder is unpacked without it.
  Dir.chdir(Dir.children(folder).map { |name| File.join(folder, name) }.first) do
    Portolan.new.install
  end
end
Dir.mktmpdir do |folder|
  Dir.chdir(folder) { Portolan.new.instance_eval(&Portolan.block) }
end
