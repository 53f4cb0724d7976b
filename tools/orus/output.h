// What every command shares: diagnostics on standard error, text on standard output.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "api/program.h"
#include "api/session.h"
#include "tools/orus/command_line.h"

namespace orus::tool {

/// Whether diagnostics may be coloured: standard error is a terminal that can.
bool colored(const api::RunConfig& config);

void write_error(std::string_view text);
void write_output(std::string_view text);

/// A mistake in the command line; returns kExitUsage.
int usage_error(const Invocation& invocation, const std::string& message);
/// A failure that has no place in a program; returns `exit_code`.
int plain_error(const Invocation& invocation, const std::string& file, const std::string& message, int exit_code);

/// The program in `path`, or null after writing why not; then *exit_code is set.
std::unique_ptr<api::Program> load_or_report(const Invocation& invocation, const std::string& path, int* exit_code);
/// The same, taking the file for `form`.
std::unique_ptr<api::Program> load_or_report(const Invocation& invocation, const std::string& path, api::ProgramForm form, int* exit_code);
void report(const Invocation& invocation, const lang::Diagnostic& diagnostic, const std::vector<api::SourceText>& texts);
/// The diagnostic of a run, if there is one.
void report(const Invocation& invocation, const api::Program& program, const api::RunResult& result);

/// The text of --stdin; empty without it. False after reporting that it cannot be read.
bool read_input(const Invocation& invocation, std::string* input);

}  // namespace orus::tool
