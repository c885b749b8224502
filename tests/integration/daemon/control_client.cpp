#include "tests/integration/daemon/control_client.hpp"

#include "tests/integration/daemon/process.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include <stdexcept>

namespace cloudpcd::test {

namespace asio = boost::asio;

std::string talk(const std::filesystem::path& path, std::string_view bytes)
{
    asio::io_context io;
    asio::local::stream_protocol::socket socket{io};
    socket.connect(asio::local::stream_protocol::endpoint{path.native()});
    asio::async_write(socket, asio::buffer(bytes),
                      [&](const boost::system::error_code&, std::size_t) {
                          // The peer may have refused, and closed, before all of it was sent.
                          boost::system::error_code ignored;
                          socket.shutdown(asio::socket_base::shutdown_send, ignored);
                      });
    std::string answer;
    bool ended = false;
    asio::async_read(socket, asio::dynamic_buffer(answer),
                     [&](const boost::system::error_code&, std::size_t) { ended = true; });
    io.run_for(patience);
    if (!ended)
        throw std::runtime_error{"the daemon keeps the connection open"};
    return answer;
}

}  // namespace cloudpcd::test
