#include "api/program.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstring>
#include <utility>

#include "lang/orus/compile.h"
#include "vm/bytecode/text.h"

namespace orus::api {
namespace {

constexpr size_t kMaxFileBytes = size_t{1} << 28;

Error system_error(const std::string& path, const char* what, int error) {
  return {ErrorCode::kFileNotFound, fmt::format("cannot {} '{}': {}", what, path, std::strerror(error)), path};
}

Result<std::string> read_descriptor(int fd, const std::string& path) {
  std::string content;
  char buffer[1 << 16];
  while (true) {
    ssize_t got = ::read(fd, buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_error(path, "read", errno);
    if (got == 0) return content;
    content.append(buffer, static_cast<size_t>(got));
    if (content.size() > kMaxFileBytes) {
      return Error{ErrorCode::kFileNotFound, fmt::format("'{}' is larger than {} MiB", path, kMaxFileBytes >> 20), path};
    }
  }
}

lang::Diagnostic error_diagnostic(const std::string& file, const char* category, const char* kind, const char* title, std::string message) {
  lang::Diagnostic out;
  out.category = category;
  out.kind = kind;
  out.title = title;
  out.message = std::move(message);
  out.file = file;
  return out;
}

/// "file:line:column" at the end of `where`, if that is what it is.
void take_position(std::string_view where, lang::Diagnostic* out) {
  size_t second = where.rfind(':');
  if (second == std::string_view::npos || second == 0) return;
  size_t first = where.rfind(':', second - 1);
  if (first == std::string_view::npos) return;
  auto number = [&](size_t begin, size_t end, uint32_t* value) {
    auto [stop, error] = std::from_chars(where.data() + begin, where.data() + end, *value);
    return error == std::errc() && stop == where.data() + end;
  };
  uint32_t line = 0, column = 0;
  if (!number(first + 1, second, &line) || !number(second + 1, where.size(), &column)) return;
  out->line = line;
  out->column = column;
}

void refuse(const std::string& name, const Error& error, LoadResult* out) {
  bool assembly = error.code == ErrorCode::kBadAssembly;
  lang::Diagnostic diagnostic = assembly ? error_diagnostic(name, "SYNTAX ERROR", "assembly", "Invalid assembly", error.detail)
                                         : error_diagnostic(name, "INVALID BYTECODE", "bytecode", "Bytecode is refused", error.detail);
  if (assembly) {
    take_position(error.where, &diagnostic);
  } else if (!error.where.empty()) {
    diagnostic.message = error.where + ": " + diagnostic.message;
  }
  out->exit_code = kExitCompile;
  out->diagnostics.push_back(std::move(diagnostic));
}

void accept(Module module, Program program, LoadResult* out) {
  auto verified = verify(std::move(module));
  if (!verified.ok()) return refuse(program.name, verified.error(), out);
  program.module = std::move(verified).value();
  out->program = std::make_unique<Program>(std::move(program));
}

void load_source(Program program, LoadResult* out) {
  lang::CompileResult compiled = lang::compile_orus(program.source, program.name);
  out->diagnostics = std::move(compiled.diagnostics);
  if (!compiled.module) {
    out->exit_code = kExitCompile;
    return;
  }
  accept(std::move(*compiled.module), std::move(program), out);
}

void load_assembly(Program program, LoadResult* out) {
  auto module = parse_assembly(program.source, program.name);
  if (!module.ok()) return refuse(program.name, module.error(), out);
  accept(std::move(module).value(), std::move(program), out);
}

void load_bytecode(Program program, std::string_view bytes, LoadResult* out) {
  auto module = read_obc({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()});
  if (!module.ok()) return refuse(program.name, module.error(), out);
  accept(std::move(module).value(), std::move(program), out);
}

/// `form`: null to find out.
LoadResult load_as(const std::string& path, const ProgramForm* form) {
  auto content = read_file(path);
  if (content.ok()) {
    ProgramForm found = form != nullptr ? *form : form_of(path, *content);
    return load_text(path == "-" ? "<stdin>" : path, std::move(content).value(), found);
  }
  LoadResult out;
  out.exit_code = kExitNoFile;
  out.diagnostics.push_back(error_diagnostic(path, "FILE ERROR", "file", "File cannot be read", content.error().detail));
  return out;
}

}  // namespace

Result<std::string> read_file(const std::string& path) {
  if (path == "-") return read_descriptor(STDIN_FILENO, "<stdin>");
  int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return system_error(path, "open", errno);
  auto content = read_descriptor(fd, path);
  ::close(fd);
  return content;
}

Status write_file(const std::string& path, std::string_view content) {
  int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (fd < 0) return Error{ErrorCode::kIo, fmt::format("cannot write '{}': {}", path, std::strerror(errno)), path};
  Status status = Ok{};
  while (!content.empty()) {
    ssize_t written = ::write(fd, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      status = Error{ErrorCode::kIo, fmt::format("cannot write '{}': {}", path, std::strerror(errno)), path};
      break;
    }
    content.remove_prefix(static_cast<size_t>(written));
  }
  ::close(fd);
  return status;
}

ProgramForm form_of(const std::string& path, std::string_view content) {
  if (path.ends_with(".obc")) return ProgramForm::kBytecode;
  if (path.ends_with(".oasm")) return ProgramForm::kAssembly;
  if (path == "-" || path.ends_with(".orus")) return ProgramForm::kSource;
  // Bytecode starts with bytes that no source does.
  return content.starts_with("\x7FOBC") ? ProgramForm::kBytecode : ProgramForm::kSource;
}

LoadResult load_file(const std::string& path) { return load_as(path, nullptr); }
LoadResult load_file(const std::string& path, ProgramForm form) { return load_as(path, &form); }

LoadResult load_text(const std::string& name, std::string text, ProgramForm form) {
  auto start = std::chrono::steady_clock::now();
  LoadResult out;
  Program program;
  program.name = name;
  program.form = form;
  if (form == ProgramForm::kBytecode) {
    load_bytecode(std::move(program), text, &out);
  } else {
    program.source = std::move(text);
    out.texts.push_back({name, program.source});
    form == ProgramForm::kSource ? load_source(std::move(program), &out) : load_assembly(std::move(program), &out);
  }
  if (out.program == nullptr) return out;
  auto time = std::chrono::steady_clock::now() - start;
  out.program->load_ns = static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(time).count());
  return out;
}

}  // namespace orus::api
